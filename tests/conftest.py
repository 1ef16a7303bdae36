"""What every test needs of the process that it runs in."""

import signal

# A shell that starts the suite in the background lets it, and all that it starts, ignore Ctrl-C; some tests send it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
