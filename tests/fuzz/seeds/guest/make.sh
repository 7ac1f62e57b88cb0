#!/bin/sh
# What the programs of ramdisk 0 read: the first byte is 0 for an answer of the security module (the second says to what),
# 1 for requests to the responder, 2 for a rule of the forwarder, 3 for a command line.
set -eu

printf '0\000\241iGetRandom\241frandomD1234' >random
printf '0\001\241kDescribePCR\242dlock\364ddataB12' >pcr
printf '0\001\241kDescribePCR\242ddataX\030123456789012345678901234dlock\365' >pcr.locked
printf '0\002\241iExtendPCR\241ddataA1' >extend
printf '0\003gLockPCR' >lock
printf '0\004\241kAttestation\241hdocumentY\1\0%0256d' 0 >document
printf '0\004\241eErroroInvalidArgument' >error
printf '1\0\0\0\0041234\0\001x' >requests
printf '1\2\0%0512d' 0 >request.longest
printf '2vsock:5001>tcp:127.0.0.1:80' >rule.in
printf '2tcp:[::1]:443>vsock:3:4294967294' >rule.out
printf '3a=b mark=end\n' >line
printf '3a=b mark=end more words\n' >line.more
printf '3a=b mark=ending' >line.other
