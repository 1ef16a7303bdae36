"""First breath of every child process: die with the laptop, then become the real command.

Run as a plain script (`python -I -S launcher.py PARENT_PID COMMAND...`); it imports nothing of ours.
The death signal survives the exec. A child that started while its parent died notices by itself.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    parent, command = int(arguments[0]), arguments[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)
    try:
        os.execvp(command[0], command)  # noqa: S606  (no shell is the point)
    except OSError as fault:
        sys.stderr.write(f"{command[0]}: {fault.strerror}\n")
        sys.exit(127)


if __name__ == "__main__":
    main(sys.argv[1:])
