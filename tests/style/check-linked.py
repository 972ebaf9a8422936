#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Libraries whose start-up costs more than a short program's run are opened when they are needed: nothing links them."""

import re
import subprocess
import sys

LATE = ('libcapstone',)

failed = False
for program in sys.argv[1:]:
    dynamic = subprocess.run(['readelf', '-d', program], check=True, capture_output=True, text=True).stdout
    libraries = re.findall(r'\(NEEDED\).*\[(.*)\]', dynamic)
    if not any(library.startswith('libc.') for library in libraries):
        sys.exit(f'{program}: readelf shows no C library among {libraries}')
    for library in libraries:
        if library.startswith(LATE):
            print(f'{program} links {library}, which every start would pay for; open it with dlopen()')
            failed = True
sys.exit(failed)
