"""A small INSDC on this machine: feeds as NCBI lays them out, served over HTTP, with faults on demand."""
