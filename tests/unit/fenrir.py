#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fenrir, the screen reader, on a terminal of its own and mute: what it would say is written to a file.

  fenrir.py get               unpacks Debian's package into the user's cache, never installing it, since its
                              service would read this machine's own console aloud.  Instant when it is there.
  fenrir.py FILE COMMAND...   runs COMMAND in the terminal that it is on; a line for each thing that is said, and "."
                              when all is said about one update of the screen

Its own speech drivers start a program for each sentence and kill it when the next one comes: what is heard then
depends on how fast the machine is.  This one keeps all, in order.
"""
import os
import subprocess
import sys
import tempfile
import types

CACHE = os.environ.get("TEST_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "lxtop")
ROOT = os.path.join(CACHE, "fenrir")
PACKAGES = os.path.join(ROOT, "usr/lib/python3/dist-packages")


def get():
    if os.path.isdir(ROOT):
        return
    os.makedirs(CACHE, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as work:
        subprocess.check_call(["apt-get", "-qq", "download", "fenrir"], cwd=work)
        package = [f for f in os.listdir(work) if f.endswith(".deb")][0]
        subprocess.check_call(["dpkg", "-x", package, "root"], cwd=work)
        # where it looks for its configuration when it is not installed
        os.symlink("../../../etc/fenrirscreenreader", os.path.join(work, "root/usr/lib/python3/config"))
        try:
            os.rename(os.path.join(work, "root"), ROOT)
        except OSError:
            if not os.path.isdir(ROOT):  # else another one was faster
                raise


def run(spoken, command):
    sys.path.insert(0, PACKAGES)
    from fenrirscreenreader.core import fenrirManager
    from fenrirscreenreader.core.speechDriver import speechDriver
    from fenrirscreenreader.utils import module_utils

    class Driver(speechDriver):
        def initialize(self, environment):
            self.env = environment
            self._isInitialized = True

        def speak(self, text, queueable=True):
            words = " ".join(text.split())
            if words:
                spoken.write(words + "\n")

        def cancel(self):
            pass

    class Manager(fenrirManager.fenrirManager):
        def handleScreenUpdate(self, event):
            super().handleScreenUpdate(event)
            spoken.write(".\n")

    def import_module(name, location, real=module_utils.importModule):
        return types.SimpleNamespace(driver=Driver) if name == "toFile" else real(name, location)

    # Beside what keeps it quiet and alone, all is as Debian ships it.
    settings = {"speech#driver": "toFile", "sound#enabled": "False", "braille#enabled": "False",
                "remote#enable": "False", "general#debugFile": os.devnull, "general#shell": command}
    module_utils.importModule = import_module
    sys.argv = ["fenrir", "-e", "-o", ";".join(f"{k}={v}" for k, v in settings.items())]
    Manager().proceed()


if sys.argv[1] == "get":
    get()
else:
    run(open(sys.argv[1], "w", buffering=1, encoding="utf-8"), " ".join(sys.argv[2:]))
