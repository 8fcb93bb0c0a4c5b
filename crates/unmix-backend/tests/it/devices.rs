//! Names, errors and descriptions of devices.

use unmix_backend::{BackendError, DeviceChoice, adapters};
use unmix_core::{Failure, Kind};

#[test]
fn names_round_trip_through_text_and_serde() {
    for choice in DeviceChoice::all() {
        assert_eq!(choice.to_string().parse::<DeviceChoice>().unwrap(), choice);
        let json = serde_json::to_string(&choice).unwrap();
        assert_eq!(json, format!("\"{choice}\""));
        assert_eq!(serde_json::from_str::<DeviceChoice>(&json).unwrap(), choice);
    }
    assert_eq!(DeviceChoice::default(), DeviceChoice::Auto);
}

#[test]
fn an_unknown_name_is_a_usage_error_with_the_nearest() {
    for (name, nearest) in [("flx", "flex"), ("nd-array", "ndarray"), ("wgpu:soft", "wgpu:software"), ("quantum", "auto")] {
        let error = name.parse::<DeviceChoice>().unwrap_err();
        assert_eq!(error.kind(), Kind::Usage);
        assert!(matches!(&error, BackendError::UnknownDevice { nearest: found, .. } if *found == nearest), "{error}");
    }
    assert!(serde_json::from_str::<DeviceChoice>("\"gpu\"").is_err());
}

#[test]
fn auto_is_flex() {
    for choice in [DeviceChoice::Flex, DeviceChoice::Auto] {
        let open = choice.open().unwrap();
        assert!(open.line.starts_with("flex"), "{}", open.line);
        assert!(!open.device.is_autodiff());
    }
}

#[cfg(not(feature = "ndarray"))]
#[test]
fn a_backend_that_is_not_built_names_its_feature() {
    let error = DeviceChoice::Ndarray.open().unwrap_err();
    assert_eq!(error.to_string(), "device \"ndarray\" is not in this build; rebuild with the cargo feature `ndarray`");
    assert_eq!(error.kind(), Kind::Device);
}

#[cfg(not(feature = "wgpu"))]
#[test]
fn without_wgpu_no_adapters_are_known() {
    assert!(adapters().is_none());
    assert!(matches!(DeviceChoice::Wgpu.open(), Err(BackendError::NotCompiled { feature: "wgpu", .. })));
}

#[cfg(feature = "wgpu")]
#[test]
fn wgpu_takes_hardware_alone_and_lists_what_it_found() {
    let found = adapters().unwrap();
    let hardware = found.iter().any(|adapter| ["discrete", "integrated", "virtual"].contains(&adapter.kind));
    match DeviceChoice::Wgpu.open() {
        Ok(open) => assert!(hardware && !open.line.contains("software"), "{}", open.line),
        Err(error) => {
            assert!(!hardware, "{error}");
            assert_eq!(error.kind(), Kind::Device);
            let text = error.to_string();
            assert!(found.iter().all(|adapter| text.contains(&adapter.to_string())), "{text}");
            assert!(!found.is_empty() || text.contains("adapters found: none"), "{text}");
        }
    }
}
