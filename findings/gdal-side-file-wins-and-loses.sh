#!/usr/bin/env bash
# GDAL 3.6.2 (Debian 12): a GeoTIFF and the `.aux.xml` beside it that say different things.
#
# One would expect one order for all they say. The no-data value beside the file wins over the one inside; the scale, the offset and the
# unit beside it lose against those inside.
# What to do: gdal_translate into one file, and look at gdalinfo.
. "$(dirname "$0")/lib.sh"

debian gdal-bin=3.6.2+dfsg-1+b2 python3-gdal=3.6.2+dfsg-1+b2
ascii_grid 3 1 -9999 >in.asc <<<'5 7 9'
in_debian gdal_translate -q -ot Int16 -a_srs EPSG:32632 -a_nodata 5 -a_scale 0.5 -a_offset 1 in.asc in.tif
in_debian_python gdal_edit.py -units m in.tif
rm -f in.tif.aux.xml

facts() {
  in_debian gdalinfo in.tif | sed -n 's/ *NoData Value=\(.*\)/no-data \1/p; s/ *Unit Type: \(.*\)/unit \1/p; s/ *Offset: \(.*\),  *Scale:\(.*\)/offset \1 scale \2/p' | sort | paste -sd' '
}

in_debian gdalinfo --version
same 'inside' 'no-data 5 offset 1 scale 0.5 unit m' "$(facts)"
cat >in.tif.aux.xml <<'END'
<PAMDataset>
  <PAMRasterBand band="1">
    <NoDataValue>7</NoDataValue>
    <UnitType>ft</UnitType>
    <Offset>2</Offset>
    <Scale>3</Scale>
  </PAMRasterBand>
</PAMDataset>
END
same 'with 7, ft, 2 and 3 beside it' 'no-data 7 offset 1 scale 0.5 unit m' "$(facts)"
finish
