#!/usr/bin/env bash
# gdalsrsinfo 3.6.2 with PROJ 9.1.1 (Debian 12): which EPSG code has the system of EU-DEM, LAEA Europe by its parameters?
#
# One would expect EPSG:3035 or no answer. `gdalsrsinfo -o epsg` finds a system of another authority (IGNF) with a name instead of a
# number, and prints it as "EPSG:0", with 70 % confidence and exit code 0.
# What to do: compare the parameters with `gdalsrsinfo -o proj4`, then name the code, gdal_edit.py -a_srs EPSG:3035.
. "$(dirname "$0")/lib.sh"

debian gdal-bin=3.6.2+dfsg-1+b2
cat >laea.wkt <<'END'
PROJCS["ETRS89_ETRS_LAEA",GEOGCS["ETRS89",DATUM["European_Terrestrial_Reference_System_1989",SPHEROID["GRS 1980",6378137,298.2572221010042,AUTHORITY["EPSG","7019"]],AUTHORITY["EPSG","6258"]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433],AUTHORITY["EPSG","4258"]],PROJECTION["Lambert_Azimuthal_Equal_Area"],PARAMETER["latitude_of_center",52],PARAMETER["longitude_of_center",10],PARAMETER["false_easting",4321000],PARAMETER["false_northing",3210000],UNIT["metre",1,AUTHORITY["EPSG","9001"]]]
END

in_debian gdalinfo --version
code=0
in_debian gdalsrsinfo -o epsg laea.wkt >answer 2>&1 || code=$?
same 'exit code' 0 "$code"
same 'the answer' 'EPSG:0' "$(grep -o 'EPSG:[0-9-]*' answer | head -1)"
same 'its parameters' '+proj=laea +lat_0=52 +lon_0=10 +x_0=4321000 +y_0=3210000 +ellps=GRS80 +units=m +no_defs' \
  "$(in_debian gdalsrsinfo -o proj4 laea.wkt | tr -d '\n' | sed 's/ *$//')"
finish
