#!/usr/bin/env bash
# CRIU 4.1.1 (Debian 13) without root, in a user namespace: a program that has a pair of pseudo-terminals of its own, as `script`,
# `expect` and Python's pty have.
#
# One would expect that it is dumped and restored, or that the dump is refused as for other things that cannot be restored. The dump ends
# the program and succeeds; each restore of the image fails, for the terminal's owner, nobody, cannot be set.
# What to do: look for terminals among the program's descriptors before it is dumped.
. "$(dirname "$0")/lib.sh"

criu_of_trixie 4.1.1-1
$criu --version | head -1
same 'a dump of a program without terminals' 0 "$(dumped -- python3 -c 'import time; open("ready", "w"); time.sleep(600)')"
same 'its restore' 0 "$(restored)"
same 'a dump of one with a pair of them' 0 "$(dumped -- python3 -c 'import os, time; os.openpty(); open("ready", "w"); time.sleep(600)')"
same 'its restore' 1 "$(restored)"
same 'what it says' "Can't setup uid 65534 gid 65534" "$(grep -o "Can't setup uid [0-9]* gid [0-9]*" images/restore.log | head -1)"
finish
