"""What every test needs of the process that it runs in."""

import gc
import signal

from hypothesis import settings

# No test is timed: on a machine with other work a step of a millisecond may take a second.
settings.register_profile("biotheca", deadline=None)
settings.load_profile("biotheca")

# moto's clouds and botocore's models are a heap of millions of objects that live on: walking it whenever 700 more have
# come took a third of the suite's time.
gc.set_threshold(50_000, 20, 20)

# A shell that starts the suite in the background lets it, and all that it starts, ignore Ctrl-C; some tests send it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
