#!/usr/bin/env bash
# GDAL 3.6.2 (Debian 12): heights in US survey feet with their vertical system (EPSG:32632+6360), reprojected.
#
# To any system without heights of its own, gdalwarp converts the numbers to metres, which one might expect; but the band's unit goes on
# saying "US survey foot". The same to a vertical system in metres. So the unit of a band that went through gdalwarp proves nothing: a reader
# that trusts it converts twice. With a unit and no vertical system nothing is converted, and the unit is right.
# What to do: gdal_edit.py -units m on the result, after a look at a known summit.
. "$(dirname "$0")/lib.sh"

debian gdal-bin=3.6.2+dfsg-1+b2 python3-gdal=3.6.2+dfsg-1+b2
ascii_grid 4 4 -9999 >in.asc <<<'1000 1000 1000 1000
1000 1000 1000 1000
1000 1000 1000 1000
1000 1000 1000 1000'
in_debian gdal_translate -q -ot Float32 -a_srs EPSG:32632+6360 in.asc vertical.tif
in_debian gdal_translate -q -ot Float32 -a_srs EPSG:32632 in.asc plain.tif
in_debian_python gdal_edit.py -units ft plain.tif

unit() { in_debian gdalinfo "$1" | sed -n 's/ *Unit Type: //p'; }
height() { in_debian gdallocationinfo -valonly "$1" 2 2 | cut -c1-6; }

in_debian gdalinfo --version
same 'the input' '1000 US survey foot' "$(height vertical.tif) $(unit vertical.tif)"
for target in EPSG:32632 EPSG:32632+5703; do
  rm -f out.tif
  in_debian gdalwarp -q -t_srs "$target" vertical.tif out.tif
  same "gdalwarp -t_srs $target" '304.80 US survey foot' "$(height out.tif) $(unit out.tif)"
done
rm -f out.tif
in_debian gdalwarp -q -t_srs EPSG:3035 plain.tif out.tif
same 'a unit without a vertical system, to EPSG:3035' '1000 ft' "$(height out.tif) $(unit out.tif)"
finish
