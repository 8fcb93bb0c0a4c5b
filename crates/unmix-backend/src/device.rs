//! Devices by name, probed once.
//!
//! A choice either opens or says what there is instead; nothing is taken silently in its place, and a software adapter is never
//! taken for a graphics processor. `auto` is flex until the parity suite has passed on graphics hardware.

use crate::BackendError;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use unmix_core::nearest;

/// A device by name: `flex`, `ndarray`, `wgpu`, `wgpu:software` or `auto`.
///
/// ```
/// use unmix_backend::DeviceChoice;
///
/// let choice: DeviceChoice = "auto".parse()?;
/// assert!(choice.open()?.line.starts_with("flex"));
/// let error = "wpgu".parse::<DeviceChoice>().unwrap_err();
/// assert!(error.to_string().contains("the nearest is \"wgpu\""));
/// # Ok::<(), unmix_backend::BackendError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[non_exhaustive]
pub enum DeviceChoice {
    /// The processor, through burn-flex: SIMD kernels and rayon.
    Flex,
    /// The processor, through burn-ndarray: deprecated upstream, kept for comparison.
    Ndarray,
    /// A graphics processor, through burn-wgpu.
    Wgpu,
    /// A software adapter such as Mesa's lavapipe, through burn-wgpu: slow, for tests.
    WgpuSoftware,
    /// The device that fits most: flex.
    #[default]
    Auto,
}

const CHOICES: [(&str, DeviceChoice); 5] = [
    ("flex", DeviceChoice::Flex),
    ("ndarray", DeviceChoice::Ndarray),
    ("wgpu", DeviceChoice::Wgpu),
    ("wgpu:software", DeviceChoice::WgpuSoftware),
    ("auto", DeviceChoice::Auto),
];

impl DeviceChoice {
    /// Every choice, in the order in which it is documented.
    pub fn all() -> impl Iterator<Item = Self> {
        CHOICES.iter().map(|&(_, choice)| choice)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        CHOICES.iter().find(|(_, choice)| *choice == self).map_or("auto", |(name, _)| name)
    }

    /// Opens the device, or returns the one that was opened before.
    ///
    /// # Errors
    /// [`BackendError::NotCompiled`] if this build lacks it, [`BackendError::NoAdapter`] with the adapters found if no adapter
    /// fits, [`BackendError::Refused`] if the adapter does not open.
    pub fn open(self) -> Result<OpenDevice, BackendError> {
        match self {
            Self::Flex | Self::Auto => flex(self.name()),
            Self::Ndarray => ndarray(),
            Self::Wgpu | Self::WgpuSoftware => graphics::open(self),
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DeviceChoice {
    type Err = BackendError;

    fn from_str(name: &str) -> Result<Self, BackendError> {
        if let Some(&(_, choice)) = CHOICES.iter().find(|(known, _)| *known == name) {
            return Ok(choice);
        }
        let nearest = nearest(name, CHOICES.iter().map(|&(known, _)| known)).unwrap_or("auto");
        Err(BackendError::UnknownDevice { name: name.to_owned(), nearest })
    }
}

impl From<DeviceChoice> for String {
    fn from(choice: DeviceChoice) -> Self {
        choice.name().to_owned()
    }
}

impl TryFrom<String> for DeviceChoice {
    type Error = BackendError;

    fn try_from(name: String) -> Result<Self, BackendError> {
        name.parse()
    }
}

/// A device that is ready, without gradients: call `.device.autodiff()` to train.
#[derive(Clone, Debug)]
pub struct OpenDevice {
    /// For `Tensor` and the other types of burn.
    pub device: Device,
    /// What it is, in one line: `wgpu: llvmpipe (LLVM 15.0.6, 256 bits), software, Vulkan, driver llvmpipe`.
    pub line: String,
}

/// A graphics adapter of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapter {
    /// The driver's name for it.
    pub name: String,
    /// `discrete`, `integrated`, `virtual`, `software` or `other`.
    pub kind: &'static str,
    /// `Vulkan`, `Metal`, `Dx12` or `Gl`.
    pub api: String,
    /// Name and version of the driver.
    pub driver: String,
}

impl fmt::Display for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}, {}, driver {}", self.name, self.kind, self.api, self.driver)
    }
}

/// The graphics adapters of this machine; `None` if this build cannot look (cargo feature `wgpu`).
pub fn adapters() -> Option<&'static [Adapter]> {
    graphics::adapters()
}

#[cfg(feature = "flex")]
#[expect(clippy::unnecessary_wraps, reason = "the build without flex returns an error here")]
fn flex(_name: &'static str) -> Result<OpenDevice, BackendError> {
    Ok(OpenDevice { device: Device::flex(), line: "flex: processor".to_owned() })
}

#[cfg(not(feature = "flex"))]
fn flex(name: &'static str) -> Result<OpenDevice, BackendError> {
    Err(BackendError::NotCompiled { name, feature: "flex" })
}

#[cfg(feature = "ndarray")]
#[expect(deprecated, reason = "offered for comparison as long as burn has it")]
#[expect(clippy::unnecessary_wraps, reason = "the build without ndarray returns an error here")]
fn ndarray() -> Result<OpenDevice, BackendError> {
    Ok(OpenDevice { device: Device::ndarray(), line: "ndarray: processor".to_owned() })
}

#[cfg(not(feature = "ndarray"))]
fn ndarray() -> Result<OpenDevice, BackendError> {
    Err(BackendError::NotCompiled { name: "ndarray", feature: "ndarray" })
}

#[cfg(not(feature = "wgpu"))]
mod graphics {
    use super::{Adapter, BackendError, DeviceChoice, OpenDevice};

    pub(super) fn adapters() -> Option<&'static [Adapter]> {
        None
    }

    pub(super) fn open(choice: DeviceChoice) -> Result<OpenDevice, BackendError> {
        Err(BackendError::NotCompiled { name: choice.name(), feature: "wgpu" })
    }
}

#[cfg(feature = "wgpu")]
mod graphics {
    use super::{Adapter, BackendError, DeviceChoice, OpenDevice};
    use burn::tensor::{
        Device, DeviceKind,
        wgpu::wgpu::{AdapterInfo, Backends, DeviceType, Instance, InstanceDescriptor},
    };
    use std::{
        pin::pin,
        sync::{Mutex, OnceLock, PoisonError},
        task::{Context, Poll, Waker},
    };

    /// burn cannot initialise one runtime twice, so what is open stays here.
    static OPEN: Mutex<Vec<(DeviceChoice, OpenDevice)>> = Mutex::new(Vec::new());

    pub(super) fn adapters() -> Option<&'static [Adapter]> {
        static FOUND: OnceLock<Vec<Adapter>> = OnceLock::new();
        Some(FOUND.get_or_init(probe))
    }

    pub(super) fn open(choice: DeviceChoice) -> Result<OpenDevice, BackendError> {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, device)) = open.iter().find(|(known, _)| *known == choice) {
            return Ok(device.clone());
        }
        let found = adapters().unwrap_or_default();
        let (kind, adapter) = select(choice, found)?;
        let refused = |reason: String| BackendError::Refused { name: choice.name(), adapter: adapter.to_string(), reason };
        let (device, setup) = Device::wgpu_options().device_kind(kind).init_with_setup().map_err(|error| refused(error.to_string()))?;
        let opened = OpenDevice { device, line: format!("wgpu: {}", describe(&setup.adapter.get_info())) };
        open.push((choice, opened.clone()));
        Ok(opened)
    }

    /// The best adapter of the asked sort: never software unless it is asked for by name.
    fn select(choice: DeviceChoice, found: &[Adapter]) -> Result<(DeviceKind, &Adapter), BackendError> {
        let (order, wanted, remedy): (&[(&str, DeviceKind)], _, _) = if choice == DeviceChoice::WgpuSoftware {
            (
                &[("software", DeviceKind::Cpu)],
                "software adapter",
                "install Mesa's lavapipe (Debian packages mesa-vulkan-drivers and libvulkan1) or use --device flex",
            )
        } else {
            (
                &[
                    ("discrete", DeviceKind::DiscreteGpu(0)),
                    ("integrated", DeviceKind::IntegratedGpu(0)),
                    ("virtual", DeviceKind::VirtualGpu(0)),
                ],
                "graphics processor",
                "use --device flex, or --device wgpu:software for a software adapter",
            )
        };
        let first = |kind: &str| found.iter().find(|adapter| adapter.kind == kind);
        order.iter().find_map(|(name, kind)| first(name).map(|adapter| (kind.clone(), adapter))).ok_or_else(|| {
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            let found = if found.is_empty() { "none".to_owned() } else { found.join("; ") };
            BackendError::NoAdapter { name: choice.name(), wanted, found, remedy }
        })
    }

    fn probe() -> Vec<Adapter> {
        let instance = Instance::new(InstanceDescriptor { backends: Backends::all(), ..InstanceDescriptor::new_without_display_handle() });
        // On native targets the list is complete when it is first asked for.
        let mut listing = pin!(instance.enumerate_adapters(Backends::all()));
        match listing.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(adapters) => adapters.iter().map(|adapter| describe(&adapter.get_info())).collect(),
            Poll::Pending => Vec::new(),
        }
    }

    fn describe(info: &AdapterInfo) -> Adapter {
        let kind = match info.device_type {
            DeviceType::DiscreteGpu => "discrete",
            DeviceType::IntegratedGpu => "integrated",
            DeviceType::VirtualGpu => "virtual",
            DeviceType::Cpu => "software",
            DeviceType::Other => "other",
        };
        let driver = format!("{} {}", info.driver, info.driver_info).trim().to_owned();
        Adapter { name: info.name.clone(), kind, api: format!("{:?}", info.backend), driver }
    }
}
