#!/usr/bin/env bash
# gdal_calc.py 3.6.2 (Debian 12): whole numbers multiplied by a fraction.
#
# One would expect the result of numpy's arithmetic, which is floating point: 5 * 0.3048 = 1.524. Without `--type` the output takes the
# type of the input, and the result is rounded to it without a word: feet become whole metres, 0.1 degC become whole degrees.
# What to do: always give --type=Float32.
. "$(dirname "$0")/lib.sh"

debian gdal-bin=3.6.2+dfsg-1+b2 python3-gdal=3.6.2+dfsg-1+b2
ascii_grid 2 1 -9999 >in.asc <<<'5 -5'
in_debian gdal_translate -q -ot Int16 -a_srs EPSG:32632 in.asc in.tif

calc() { in_debian_python gdal_calc.py --quiet -A in.tif --calc='A*0.3048' --outfile="$@"; }
cells() { for column in 0 1; do in_debian gdallocationinfo -valonly "$1" "$column" 0; done | paste -sd' '; }
kind() { in_debian gdalinfo "$1" | sed -n 's/.*Type=\([A-Za-z0-9]*\).*/\1/p'; }

in_debian gdalinfo --version
calc rounded.tif >words 2>&1
same 'without --type' 'Int16: 2 -2' "$(kind rounded.tif): $(cells rounded.tif)"
same 'words about it' '' "$(cat words)"
calc right.tif --type=Float32
same 'with --type=Float32' 'Float32: 1.52400004863739 -1.52400004863739' "$(kind right.tif): $(cells right.tif)"
finish
