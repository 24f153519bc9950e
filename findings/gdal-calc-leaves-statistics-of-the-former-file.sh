#!/usr/bin/env bash
# gdal_calc.py 3.6.2 (Debian 12): `--overwrite` of a file whose statistics were asked for before.
#
# One would expect that a new raster has no statistics, or its own. The side file `.aux.xml` of the overwritten one stays, and
# `gdalinfo -stats` goes on showing minimum and maximum of cells that are gone.
# What to do: remove OUT.tif.aux.xml with OUT.tif, or write to a new name.
. "$(dirname "$0")/lib.sh"

debian gdal-bin=3.6.2+dfsg-1+b2 python3-gdal=3.6.2+dfsg-1+b2
ascii_grid 2 1 -9999 >in.asc <<<'100 200'
in_debian gdal_translate -q -ot Float32 -a_srs EPSG:32632 in.asc in.tif

calc() { in_debian_python gdal_calc.py --quiet --overwrite -A in.tif --calc="$1" --type=Float32 --outfile=out.tif; }
statistics() { in_debian gdalinfo -stats out.tif | sed -n 's/ *Minimum=\([^,]*\), Maximum=\([^,]*\),.*/\1 to \2/p'; }
cells() { for column in 0 1; do in_debian gdallocationinfo -valonly out.tif "$column" 0; done | paste -sd' '; }

in_debian gdalinfo --version
calc 'A'
same 'the first file, cells: statistics' '100 200: 100.000 to 200.000' "$(cells): $(statistics)"
calc 'A*10.0'
same 'after --overwrite' '1000 2000: 100.000 to 200.000' "$(cells): $(statistics)"
rm out.tif.aux.xml
same 'the way on' '1000 2000: 1000.000 to 2000.000' "$(cells): $(statistics)"
finish
