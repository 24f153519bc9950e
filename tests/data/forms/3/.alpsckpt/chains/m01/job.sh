#!/bin/bash
#OAR -t idempotent
#OAR -l /nodes=1/core=1,walltime=1:00:00
#OAR --checkpoint 600
#OAR --signal 12
#OAR -O logs/%jobid%.out
#OAR -E logs/%jobid%.err
# Campaign "kept", chain m01. Written by alpsckpt; each link of the chain runs this.
# The checkpoint signal waits from here on until the program takes it.
if [ "$1" != held ]; then
    trap 'export ALPSCKPT_ASKED=1' USR2
# A system without sha256sum says nothing here, and the job goes on.
case "$(sha256sum <'/tmp/alpsckpt-forms/out/.alpsckpt/bin/alpsckpt-d4c340086d54' 2>/dev/null)" in d4c340086d54* | '') ;; *)
    printf 'alpsckpt: %s: damaged: it is not the program that was put there; it is put there anew by: alpsckpt resubmit m01\n' '/tmp/alpsckpt-forms/out/.alpsckpt/bin/alpsckpt-d4c340086d54' >&2
    exit 74 ;;
esac
    trap '' USR2
    exec '/tmp/alpsckpt-forms/out/.alpsckpt/bin/alpsckpt-d4c340086d54' job hold "$0"
fi
set --
trap 'export ALPSCKPT_ASKED=1' TERM INT HUP
cd '/tmp/alpsckpt-forms/out' || exit 74
alpsckpt_go_on() { trap - ERR EXIT; exec '/tmp/alpsckpt-forms/out/.alpsckpt/bin/alpsckpt-d4c340086d54' job run --output '/tmp/alpsckpt-forms/out' --chain m01 --spec 2735f634b661 --campaign gex7lzcp "$@"; }
alpsckpt_go_on
