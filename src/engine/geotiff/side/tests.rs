use super::*;

fn told(text: &str) -> SideFile {
    SideFile::told(Path::new("a.tif.aux.xml"), text).unwrap()
}

#[test]
fn the_first_band_is_found_in_any_spelling() {
    let side = told(
        "\u{feff} <pamDataset><!-- <NoDataValue>1</NoDataValue> --><PAMRasterBand band='2'><NoDataValue>2</NoDataValue>\
        </PAMRasterBand><pamrasterband Band=\" 01\"><NoDataValue le_hex_equiv=\"000000000000F03F\">7</NoDataValue>\
        <Scale> 0.<!-- no --></Scale><Offset/><UnitType>&lt;<![CDATA[m]]></UnitType></pamrasterband></pamDataset>",
    );
    assert_eq!(side.nodata().unwrap(), "1");
    assert_eq!(side.of_band("Scale"), None);
    assert_eq!(side.of_band("Offset"), None);
    assert_eq!(side.of_band("UnitType"), Some("<m"));
}

#[test]
fn what_gdal_passes_over_does_not_count_and_what_it_overlooks_is_refused() {
    let band = "<PAMRasterBand band=\"1\"><Scale>5</Scale></PAMRasterBand>";
    for text in [
        String::new(),
        "<PAMDataset><A>".to_owned(),
        format!("<PAMDataset>{band}</PAMDatase"),
        format!("<PAMDataset>{band}</Other>"),
        format!("<PAMDatasets>{band}</PAMDatasets>"),
        format!("<?xml version=\"1.0\"?><PAMDataset>{band}</PAMDataset>"),
    ] {
        assert_eq!(told(&text).of_band("Scale"), None, "{text}");
    }
    for text in [
        format!("<PAMDataset>{band}</pamdataset>"),
        format!("<PAMDataset>{band}<A>b & c</A></PAMDataset>"),
        format!("<PAMDataset a=b>{band}</PAMDataset>"),
        format!("<PAMDataset>{band}</PAMDataset><A/>"),
    ] {
        assert!(SideFile::told(Path::new("a"), &text).is_err(), "{text}");
    }
    // However deep.
    let deep = format!("<PAMDataset>{}{}{band}</PAMDataset>", "<a>".repeat(200_000), "</a>".repeat(200_000));
    assert!(SideFile::told(Path::new("a"), &deep).is_ok_and(|side| side.of_band("Scale") == Some("5")));
}

#[test]
fn the_code_of_the_whole_system_is_the_last_of_its_horizontal_part() {
    let wkt = r#"COMPD_CS["a",PROJCS["b",GEOGCS["c",AUTHORITY["EPSG","4258"]],AUTHORITY["EPSG","3035"]],VERT_CS["d",AUTHORITY["EPSG","5730"]]]"#;
    assert!(names(wkt, 3035) && !names(wkt, 4258) && !names(wkt, 5730));
    assert!(names(r#"PROJCRS["b",BASEGEOGCRS["c",ID["EPSG",4258]],ID["EPSG",3035]]"#, 3035));
    assert!(names("EPSG:3035", 3035) && !names(r#"PROJCS["a"]"#, 3035));
}
