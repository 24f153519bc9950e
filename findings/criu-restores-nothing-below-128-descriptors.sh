#!/usr/bin/env bash
# CRIU 4.1.1 (Debian 13): a restore by a shell whose soft limit of open files is low, while the hard one is not.
#
# One would expect that the limits of the image count, or that the soft limit is raised as far as the hard one lets it. CRIU rounds the
# soft limit down to a multiple of 128 to find room for its own descriptors, and below 128 finds none: no image can be restored.
# What to do: raise the soft limit to the hard one before CRIU is called.
. "$(dirname "$0")/lib.sh"

criu_of_trixie 4.1.1-1
$criu --version | head -1
same 'a dump' 0 "$(dumped -- python3 -c 'import time; open("ready", "w"); time.sleep(600)')"
same 'its restore with a soft limit of 120 and a hard one above' 1 "$(ulimit -S -n 120; restored)"
same 'what it says' "Can't chose service_fd_base" "$(grep -o "Can't chose service_fd_base" images/restore.log | head -1)"
same 'its restore with a soft limit of 128' 0 "$(ulimit -S -n 128; restored)"
finish
