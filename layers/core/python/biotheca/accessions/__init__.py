"""Public numbers: their forms, how text is recognised, how they are minted."""
