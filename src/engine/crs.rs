//! Coordinate systems: EPSG:3035, UTM, Lambert-93, and geographic ones for coarse grids.

/// A coordinate system that the engine knows, by its EPSG code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crs {
    epsg: u32,
}

impl Crs {
    /// The system with this code; `None` when the engine does not know it.
    #[must_use]
    pub fn of_epsg(_epsg: u32) -> Option<Self> {
        unimplemented!()
    }

    /// Its EPSG code.
    #[must_use]
    pub fn epsg(self) -> u32 {
        self.epsg
    }

    /// Coordinates are degrees of longitude and latitude.
    #[must_use]
    pub fn is_geographic(self) -> bool {
        unimplemented!()
    }

    /// Longitude and latitude, degrees, of a point; `None` outside the projection's domain.
    #[must_use]
    pub fn to_lonlat(self, _x: f64, _y: f64) -> Option<(f64, f64)> {
        unimplemented!()
    }

    /// The point at a longitude and latitude, degrees; `None` outside the projection's domain.
    #[must_use]
    pub fn from_lonlat(self, _lon: f64, _lat: f64) -> Option<(f64, f64)> {
        unimplemented!()
    }

    /// Meridian convergence at a point, degrees: the azimuth of grid north, clockwise from true north.
    #[must_use]
    pub fn convergence(self, _x: f64, _y: f64) -> Option<f64> {
        unimplemented!()
    }
}
