#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes the corpus of fuzz-qcow2: small images of all kinds. Usage: make-corpus.sh DIRECTORY
set -eu
cd "$1"

make_image ()
{
  name=$1 options=$2
  shift 2
  qemu-img create -q -f qcow2 -o "$options" "$name" 70000
  for command; do
    qemu-io -f qcow2 -c "$command" "$name" >/dev/null
  done
}

make_image plain cluster_size=512 'write -P 1 1k 700' 'write -z 40k 1k' 'write -P 2 60k 300'
make_image v2 compat=0.10,cluster_size=512 'write -P 1 0 600' 'write -c -P 3 8k 512'
make_image compressed cluster_size=512,refcount_bits=1 'write -c -P 1 0 512' 'write -c -P 2 16k 512' 'write 60k 512'
make_image zstd cluster_size=1k,compression_type=zstd 'write -c -P 1 0 1k' 'write -c -P 2 16k 1k'
make_image lazy cluster_size=512,lazy_refcounts=on,refcount_bits=64 'write 0 512' 'write 30k 512'
make_image snapshot cluster_size=512 'write -P 1 0 1k'
qemu-img snapshot -c one snapshot
qemu-io -f qcow2 -c 'write -P 2 512 512' snapshot >/dev/null
make_image bitmap cluster_size=512 'write -P 1 0 1k'
qemu-img bitmap --add -f qcow2 -g 512 bitmap marks
qemu-img create -q -u -f qcow2 -o cluster_size=512 -b base.img -F raw backed 64k
make_image extended cluster_size=16k,extended_l2=on 'write -P 1 1k 700' 'write -z 40k 1k'
# Its clusters are mostly zeroes at the end, which opening makes up for.
truncate -s 82000 extended
