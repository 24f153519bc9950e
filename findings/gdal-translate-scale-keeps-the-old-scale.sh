#!/usr/bin/env bash
# GDAL 3.6.2 (Debian 12): `gdal_translate -scale` on a band that has a scale and an offset.
#
# -scale makes new numbers of the old ones, so one would expect the band's scale and offset, which belong to the old numbers, to be dropped
# or adapted. They are copied as they are: whoever applies them to the result gets values that nobody measured.
# What to do: gdal_edit.py -scale 1 -offset 0 on the result, or -unscale instead of -scale.
. "$(dirname "$0")/lib.sh"

debian gdal-bin=3.6.2+dfsg-1+b2
ascii_grid 2 1 -9999 >in.asc <<<'2731 2931'
in_debian gdal_translate -q -ot Int16 -a_srs EPSG:32632 -a_scale 0.1 -a_offset -273.15 in.asc kelvin.tif

facts() { in_debian gdalinfo "$1" | sed -n 's/ *Offset: \(.*\),  *Scale:\(.*\)/\2 \1/p'; }
cells() { for column in 0 1; do in_debian gdallocationinfo -valonly "$1" "$column" 0; done | paste -sd' '; }

in_debian gdalinfo --version
same 'the input, scale offset: cells' '0.1 -273.15: 2731 2931' "$(facts kelvin.tif): $(cells kelvin.tif)"
in_debian gdal_translate -q -scale 2731 2931 0 200 kelvin.tif scaled.tif
same 'after -scale 2731 2931 0 200' '0.1 -273.15: 0 200' "$(facts scaled.tif): $(cells scaled.tif)"
in_debian gdal_translate -q -unscale -ot Float32 scaled.tif read.tif
same 'what a reader that applies them sees, degC' '-273.149993896484 -253.149993896484' "$(cells read.tif)"
finish
