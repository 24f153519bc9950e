#!/bin/bash
#OAR -t idempotent
#OAR -l walltime=1:00:00
#OAR --checkpoint 600
#OAR --signal 12
#OAR -O logs/%jobid%.out
#OAR -E logs/%jobid%.err
# Campaign "kept", chain m01. Written by alpsckpt; each link of the chain runs this.
cd '/tmp/alpsckpt-forms/out' || exit 74
# `exec`: the batch system signals only the process that this shell is.
exec '/tmp/alpsckpt-forms/out/.alpsckpt/bin/alpsckpt-e7f0bb83e939' job run --output '/tmp/alpsckpt-forms/out' --chain m01 --spec 2735f634b661
