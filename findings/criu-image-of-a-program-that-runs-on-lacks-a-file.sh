#!/usr/bin/env bash
# CRIU 4.1.1 (Debian 13), --link-remap --leave-running: a program that holds a removed file open which still has another name.
#
# One would expect that the image can be restored like that of any dump that succeeded. CRIU gives the file a name for the time of the dump
# (link_remap.N), writes that into the image, and removes the name when it lets the program run on: the image cannot be restored.
# Where the dump ends the program the name stays, and goes with the first restore: the second fails.
# What to do: keep a copy of what is removed beside the image, and lay it under that name before each restore.
. "$(dirname "$0")/lib.sh"

criu_of_trixie 4.1.1-1
$criu --version | head -1
program='import os, time; open("a", "w").write("x"); os.link("a", "b"); f = open("a"); os.remove("a"); open("ready", "w"); time.sleep(600)'
rm -f a b
same 'a dump that lets the program run on' 0 "$(dumped --leave-running -- python3 -c "$program")"
same 'its restore' 1 "$(restored)"
same 'what it says' 'No such file or directory' "$(grep -o "Can't link .*" images/restore.log | grep -o 'No such file or directory' | head -1)"
rm -f a b
same 'a dump that ends it' 0 "$(dumped -- python3 -c "$program")"
same 'its restore' 0 "$(restored)"
same 'another restore of the same image' 1 "$(restored)"
finish
