#!/usr/bin/env bash
# SAGA 8.5.0 (Debian 12): a GeoTIFF of scaled integers, imported and exported again.
#
# One would expect the same file back: the raw integers with their scale, or real values without one. SAGA applies the scale on import,
# exports the real values rounded to whole numbers, and writes the scale and offset beside them again: 10.5 becomes 11 and reads as 1.1.
# What to do: give SAGA real values, gdal_translate -unscale -ot Float32 IN OUT.
. "$(dirname "$0")/lib.sh"

debian gdal-bin=3.6.2+dfsg-1+b2 saga=8.5.0+dfsg-2
ascii_grid 2 2 -9999 >in.asc <<<'105 205
305 405'
in_debian gdal_translate -q -ot Int16 -a_srs EPSG:32632 -a_scale 0.1 -a_offset 0 in.asc in.tif

saga() { in_debian env SAGA_MLB="$work/root/usr/lib/x86_64-linux-gnu/saga" SAGA_TLB="$work/root/usr/lib/x86_64-linux-gnu/saga" saga_cmd "$@"; }
round_trip() {
  saga -f=s io_gdal 0 -FILES="$1" -GRIDS=grid.sgrd -TRANSFORM=0 >saga.log 2>&1
  saga -f=s io_gdal 2 -GRIDS=grid.sgrd -FILE="$2" >>saga.log 2>&1
}
kind() { in_debian gdalinfo "$1" | sed -n 's/.*Type=\([A-Za-z0-9]*\).*/\1/p'; }
scale() { in_debian gdalinfo "$1" | sed -n 's/ *Offset: .*Scale:\(.*\)/\1/p'; }
cells() { for cell in '0 0' '1 0' '0 1' '1 1'; do in_debian gdallocationinfo -valonly "$1" $cell; done | paste -sd' '; }

saga --version | head -1
same 'the input, type scale: cells' 'Int16 0.1: 105 205 305 405' "$(kind in.tif) $(scale in.tif): $(cells in.tif)"
round_trip in.tif out.tif
same 'after import and export' 'Int16 0.1: 11 21 31 41' "$(kind out.tif) $(scale out.tif): $(cells out.tif)"
in_debian gdal_translate -q -unscale -ot Float32 in.tif real.tif
round_trip real.tif right.tif
same 'the way on' 'Float32 : 10.5 20.5 30.5 40.5' "$(kind right.tif) $(scale right.tif): $(cells right.tif)"
finish
