#!/usr/bin/env python3
"""Makes the tables of this folder with pvlib; src/engine/against_pvlib.rs compares the engine with them.

    python3 -m venv venv && venv/bin/pip install pvlib==0.16.1 h5py
    venv/bin/python tests/data/pvlib/make.py

Each table's first line names the versions it was made with; the second names the columns. Angles are in degrees,
azimuths clockwise from north, radiation in W/m2.
"""

import pathlib

import h5py
import numpy as np
import pandas as pd
import pvlib
from pvlib import atmosphere, clearsky, irradiance, location, solarposition, spa

HERE = pathlib.Path(__file__).parent
SOLAR_CONSTANT = 1367.0
# TT - UT1, s, as in src/engine/sun.rs.
DELTA_T = 69.0


def write(name, columns, rows, note=""):
    with open(HERE / name, "w", encoding="utf-8", newline="\n") as out:
        out.write(f"# pvlib {pvlib.__version__}, numpy {np.__version__}: tests/data/pvlib/make.py{note}\n")
        out.write(",".join(columns) + "\n")
        for row in rows:
            out.write(",".join(f"{v:.9g}" if isinstance(v, float) else str(v) for v in row) + "\n")


def sun():
    """NREL's SPA without refraction, at whole hours of universal time with the sun up."""
    for latitude, longitude in [(46.0, 7.7), (43.0, 6.0), (48.0, 14.5)]:
        for month, day in [(1, 1), (2, 14), (3, 20), (4, 30), (6, 21), (8, 11), (9, 23), (11, 5), (12, 21)]:
            times = pd.date_range(f"2018-{month:02d}-{day:02d}", periods=24, freq="h", tz="UTC")
            found = solarposition.spa_python(times, latitude, longitude, delta_t=DELTA_T)
            for hour, (_, row) in enumerate(found.iterrows()):
                if row["elevation"] > 0:
                    yield month, day, hour, latitude, longitude, float(row["elevation"]), float(row["azimuth"])


def apparent(height):
    """Height of the sun as the standard air at sea level lifts it."""
    return height + float(spa.atmospheric_refraction_correction(1013.25, 12.0, height, 0.5667))


def air_mass():
    for height in [0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 75.0, 90.0]:
        mass = atmosphere.get_relative_airmass(90.0 - min(90.0, apparent(height)), "kastenyoung1989")
        yield height, float(mass)


def extraterrestrial():
    for day in range(1, 366, 14):
        yield day, float(irradiance.get_extra_radiation(day, SOLAR_CONSTANT, method="spencer"))


def hay_davies():
    extra = 1400.0
    for height, sun_azimuth in [(0.5, 120.0), (5.0, 130.0), (20.0, 180.0), (40.0, 250.0), (65.0, 170.0)]:
        for direct, diffuse in [(0.0, 40.0), (300.0, 60.0), (950.0, 90.0)]:
            for tilt, azimuth in [(0.0, 180.0), (30.0, 180.0), (30.0, 0.0), (55.0, 240.0)]:
                sky = irradiance.haydavies(tilt, azimuth, diffuse, direct, extra, 90.0 - height, sun_azimuth)
                yield height, sun_azimuth, extra, direct, diffuse, tilt, azimuth, float(sky)


def ineichen():
    """Ineichen and Perez 2002 with the same turbidity: another clear sky, for the size of what is to be expected."""
    for linke in [2.0, 3.0, 4.0, 5.0]:
        for z in [0.0, 1000.0, 2000.0, 3000.0]:
            for height in [5.0, 10.0, 20.0, 30.0, 45.0, 65.0]:
                zenith = 90.0 - apparent(height)
                mass = atmosphere.get_relative_airmass(zenith, "kastenyoung1989")
                mass = atmosphere.get_absolute_airmass(mass, atmosphere.alt2pres(z))
                sky = clearsky.ineichen(zenith, mass, linke, altitude=z, dni_extra=SOLAR_CONSTANT)
                yield linke, z, height, float(sky["dni"]), float(sky["dhi"])


def linke_alps():
    """Means over the Alps above 1000 m of the climatology that pvlib carries (Remund et al. 2003), by 1/12 degree."""
    file = pathlib.Path(clearsky.__file__).parent / "data" / "LinkeTurbidities.h5"
    with h5py.File(file) as data:
        turbidity = data["LinkeTurbidity"]
        values = []
        for latitude in np.arange(44.0, 48.0, 1 / 12) + 1 / 24:
            for longitude in np.arange(5.5, 14.0, 1 / 12) + 1 / 24:
                if location.lookup_altitude(latitude, longitude) > 1000:
                    row, column = int((90 - latitude) * 12), int((longitude + 180) * 12)
                    # Stored as twentieths.
                    values.append(turbidity[row, column, :] / 20.0)
    for month, mean in enumerate(np.mean(values, axis=0), 1):
        yield month, float(mean), len(values)


def main():
    write("sun.csv", ["month", "day", "hour", "latitude", "longitude", "height", "azimuth"], sun(), ", year 2018")
    write("air_mass.csv", ["height", "air_mass"], air_mass())
    write("extraterrestrial.csv", ["day", "radiation"], extraterrestrial(), f", {SOLAR_CONSTANT:g} W/m2")
    columns = ["height", "sun_azimuth", "extraterrestrial", "direct", "diffuse", "tilt", "azimuth", "sky"]
    write("hay_davies.csv", columns, hay_davies())
    write("ineichen.csv", ["linke", "z", "height", "direct", "diffuse"], ineichen(), f", {SOLAR_CONSTANT:g} W/m2")
    write("linke_alps.csv", ["month", "linke", "places"], linke_alps())


if __name__ == "__main__":
    main()
