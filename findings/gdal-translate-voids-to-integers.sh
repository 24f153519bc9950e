#!/usr/bin/env bash
# GDAL 3.6.2 (Debian 12): a float grid whose voids are NaN, converted to integers.
#
# One would expect voids to stay voids, or an error. `gdal_translate -ot Int16` declares 0 as no-data, so that every true 0 becomes a void;
# the voids themselves become -32768 or 0 by their place in the row: what the processor's vector instructions convert comes out as ground at
# -32768 m, the last cells of a row, converted one by one, as 0. `gdalwarp -ot Int16` of the same file writes 0 into the voids and declares
# `nan`, which no integer is: they become ground at sea level. gdal_translate warns of the no-data value only, gdalwarp of nothing.
# What to do: name a value of the type first, gdalwarp -dstnodata -32768 -ot Int16 IN OUT.
. "$(dirname "$0")/lib.sh"

debian gdal-bin=3.6.2+dfsg-1+b2
ascii_grid 20 1 -9999 >in.asc <<<'-9999 0 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 -9999 0'
in_debian gdal_translate -q -ot Float32 -a_srs EPSG:32632 in.asc valued.tif
in_debian gdalwarp -q -dstnodata nan valued.tif nan.tif

nodata() { in_debian gdalinfo "$1" | sed -n 's/ *NoData Value=//p'; }
cells() { for column in 0 1 2 18 19; do in_debian gdallocationinfo -valonly "$1" "$column" 0; done | paste -sd' '; }

in_debian gdalinfo --version
same 'the input' 'nan: nan 0 7 nan 0' "$(nodata nan.tif): $(cells nan.tif)"
in_debian gdal_translate -q -ot Int16 nan.tif translated.tif 2>warnings || true
same 'gdal_translate -ot Int16, no-data: cells' '0: -32768 0 7 0 0' "$(nodata translated.tif): $(cells translated.tif)"
in_debian gdalwarp -q -ot Int16 nan.tif warped.tif 2>warnings
same 'gdalwarp -ot Int16, no-data: cells' 'nan: 0 0 7 0 0' "$(nodata warped.tif): $(cells warped.tif)"
same 'lines that gdalwarp warns with' 0 "$(wc -l <warnings)"
in_debian gdalwarp -q -dstnodata -32768 -ot Int16 nan.tif right.tif
same 'the way on, no-data: cells' '-32768: -32768 0 7 -32768 0' "$(nodata right.tif): $(cells right.tif)"
finish
