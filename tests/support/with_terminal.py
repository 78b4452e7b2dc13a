"""Gives the program it runs a controlling terminal and its own process group, as a shell does.

    python -m tests.support.with_terminal TTY FOLDER COMMAND...

It prints the program's process id, prints STOPPED each time the program is stopped, and ends with
the program's exit code.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import termios


def main() -> int:
    tty, folder, *command = sys.argv[1:]
    terminal = os.open(tty, os.O_RDWR)
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        if not os.environ.get("BACKGROUND"):
            os.tcsetpgrp(terminal, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        os.close(terminal)
        os.chdir(folder)
        os.execv(command[0], command)
    print(f"child {child}", flush=True)
    while True:
        _, status = os.waitpid(child, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            print("STOPPED", flush=True)
            continue
        return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    code = main()
    sys.exit(code if code >= 0 else 128 - code)
