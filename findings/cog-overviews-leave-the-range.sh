#!/usr/bin/env bash
# GDAL 3.6.2 (Debian 12): the overviews that the COG driver makes of a float32 map.
#
# One would expect overviews within the values of the map. By default they are made by cubic convolution, which overshoots beside steep
# steps: a sky view factor of 0 to 1 comes out as -0.05 to 1.05 where a program reads an overview, and on every zoomed-out screen.
# What to do: -co OVERVIEW_RESAMPLING=AVERAGE.
. "$(dirname "$0")/lib.sh"

debian gdal-bin=3.6.2+dfsg-1+b2
# Half shade, half sun.
ascii_grid 4 1 -9999 >in.asc <<<'0 0 1 1'
in_debian gdal_translate -q -ot Float32 -a_srs EPSG:32632 -outsize 1030 1030 -r nearest in.asc map.tif

range() { in_debian gdalinfo -stats "$1" | sed -n 's/ *Minimum=\([^,]*\), Maximum=\([^,]*\),.*/\1 to \2/p'; }
overview() {
  in_debian gdal_translate -q -of VRT -oo OVERVIEW_LEVEL=0 "$1" overview.vrt
  rm -f overview.tif*
  in_debian gdal_translate -q overview.vrt overview.tif
  range overview.tif
}

in_debian gdalinfo --version
same 'the map' '0.000 to 1.000' "$(range map.tif)"
in_debian gdal_translate -q -of COG map.tif cog.tif
same 'its first overview by default' '-0.047 to 1.047' "$(overview cog.tif)"
in_debian gdal_translate -q -of COG -co OVERVIEW_RESAMPLING=AVERAGE map.tif average.tif
same 'with AVERAGE' '0.000 to 1.000' "$(overview average.tif)"
finish
