def parse(*a): raise NotImplementedError
