//! What can compute on this machine, and which of it a run takes.

use std::sync::{Mutex, OnceLock, PoisonError};

use burn::tensor::{Device, DeviceKind, FloatDType};
use burn_wgpu::graphics::AutoGraphicsApi;
use burn_wgpu::{WgpuBackend, wgpu};
use emberlab_core::training::BackendChoice;

use crate::error::TrainError;

/// Something that can compute, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendInfo {
    /// Name of the processor or the graphics adapter.
    pub name: String,
    /// What kind it is.
    pub kind: BackendKind,
    /// The interface through which a graphics adapter is reached; empty for the CPU.
    pub interface: String,
    /// The place among adapters of its kind.
    place: usize,
}

/// Kinds of backends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackendKind {
    /// The processor, through burn-flex.
    Cpu,
    /// A graphics card of its own.
    DiscreteGpu,
    /// A graphics unit beside the processor.
    IntegratedGpu,
    /// A graphics card lent to a virtual machine.
    VirtualGpu,
    /// A program that draws like a graphics card: slower than the CPU backend, and its drivers crash now and then.
    SoftwareGpu,
    /// An adapter that does not say what it is.
    OtherGpu,
}

/// An opened backend.
#[derive(Clone, Debug)]
pub struct Backend {
    info: BackendInfo,
    /// Without gradients.
    device: Device,
}

/// Microseconds that a step has to take on the CPU before a GPU is chosen by itself: below, starting hundreds of small
/// kernels takes longer than computing. Estimated; no step on a GPU was measured.
pub const GPU_GAINS_ABOVE_MICROS: u64 = 5_000;

impl BackendInfo {
    fn cpu() -> Self {
        Self { name: "CPU".to_owned(), kind: BackendKind::Cpu, interface: String::new(), place: 0 }
    }

    /// The name with its interface, for the screen.
    pub fn label(&self) -> String {
        if self.interface.is_empty() {
            self.name.clone()
        } else {
            format!("{} ({})", self.name, self.interface)
        }
    }

    /// A graphics adapter that is not a program: one that may be chosen by itself.
    pub fn is_real_gpu(&self) -> bool {
        matches!(self.kind, BackendKind::DiscreteGpu | BackendKind::IntegratedGpu)
    }

    fn selector(&self) -> Option<DeviceKind> {
        match self.kind {
            BackendKind::Cpu | BackendKind::OtherGpu => None,
            BackendKind::DiscreteGpu => Some(DeviceKind::DiscreteGpu(self.place)),
            BackendKind::IntegratedGpu => Some(DeviceKind::IntegratedGpu(self.place)),
            BackendKind::VirtualGpu => Some(DeviceKind::VirtualGpu(self.place)),
            BackendKind::SoftwareGpu => Some(DeviceKind::Cpu),
        }
    }
}

/// All backends of this machine, the CPU first. Adapters are asked for once in the life of the process: drivers crash when
/// they are loaded and unloaded on several threads.
pub fn list_backends() -> &'static [BackendInfo] {
    static BACKENDS: OnceLock<Vec<BackendInfo>> = OnceLock::new();
    BACKENDS.get_or_init(|| {
        let mut backends = vec![BackendInfo::cpu()];
        backends.extend(adapters());
        backends
    })
}

/// The adapters of the first interface that has a real one, else of the first that has any: the same card is reached through
/// several.
fn adapters() -> Vec<BackendInfo> {
    let mut software = Vec::new();
    for interface in AutoGraphicsApi::chain() {
        let found = adapters_of(interface);
        if found.iter().any(|adapter| adapter.kind != BackendKind::SoftwareGpu) {
            return found;
        }
        if software.is_empty() {
            software = found;
        }
    }
    software
}

fn adapters_of(interface: wgpu::Backend) -> Vec<BackendInfo> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: interface.into(),
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    let found = pollster::block_on(instance.enumerate_adapters(interface.into()));
    let mut backends: Vec<BackendInfo> = Vec::new();
    for adapter in found {
        let info = adapter.get_info();
        let kind = match info.device_type {
            wgpu::DeviceType::DiscreteGpu => BackendKind::DiscreteGpu,
            wgpu::DeviceType::IntegratedGpu => BackendKind::IntegratedGpu,
            wgpu::DeviceType::VirtualGpu => BackendKind::VirtualGpu,
            wgpu::DeviceType::Cpu => BackendKind::SoftwareGpu,
            wgpu::DeviceType::Other => BackendKind::OtherGpu,
        };
        let place = backends.iter().filter(|backend| backend.kind == kind).count();
        backends.push(BackendInfo {
            name: info.name,
            kind,
            interface: interface_name(interface).to_owned(),
            place,
        });
    }
    backends
}

fn interface_name(interface: wgpu::Backend) -> &'static str {
    match interface {
        wgpu::Backend::Vulkan => "Vulkan",
        wgpu::Backend::Metal => "Metal",
        wgpu::Backend::Dx12 => "Direct3D 12",
        wgpu::Backend::Gl => "OpenGL",
        wgpu::Backend::BrowserWebGpu => "WebGPU",
        wgpu::Backend::Noop => "nothing",
    }
}

fn pinned(interface: &str) -> WgpuBackend {
    match interface {
        "Vulkan" => WgpuBackend::Vulkan,
        "Metal" => WgpuBackend::Metal,
        "Direct3D 12" => WgpuBackend::Dx12,
        "OpenGL" => WgpuBackend::Gl,
        "WebGPU" => WgpuBackend::WebGpu,
        _ => WgpuBackend::Auto,
    }
}

impl Backend {
    /// The CPU, through burn-flex: the same bits in every run.
    pub fn cpu() -> Self {
        Self { info: BackendInfo::cpu(), device: Device::flex() }
    }

    /// Opens one of [`list_backends`].
    ///
    /// # Errors
    /// The adapter cannot be opened, in its driver's words.
    pub fn open(info: &BackendInfo) -> Result<Self, TrainError> {
        static OPENED: Mutex<Vec<Backend>> = Mutex::new(Vec::new());
        if info.kind == BackendKind::Cpu {
            return Ok(Self::cpu());
        }
        let selector = info.selector().ok_or_else(|| {
            TrainError::Backend(format!("“{}” does not say what kind of adapter it is", info.label()))
        })?;
        // A list of devices stays as it is when the opening of another one panics.
        let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(backend) = opened.iter().find(|backend| backend.info == *info) {
            return Ok(backend.clone());
        }
        let options = Device::wgpu_options().device_kind(selector).graphics_api(pinned(&info.interface));
        let device = options
            .init()
            .map_err(|error| TrainError::Backend(format!("“{}” cannot be opened: {error}", info.label())))?;
        let backend = Self { info: info.clone(), device };
        opened.push(backend.clone());
        Ok(backend)
    }

    /// The backend that a run takes, given the microseconds that one of its steps is estimated to take on the CPU.
    ///
    /// # Errors
    /// A GPU is asked for and there is none, or it cannot be opened.
    pub fn choose(choice: BackendChoice, step_micros: u64) -> Result<Self, TrainError> {
        match choose_among(list_backends, choice, step_micros)? {
            Some(info) => Self::open(info),
            None => Ok(Self::cpu()),
        }
    }

    /// What it is.
    pub fn info(&self) -> &BackendInfo {
        &self.info
    }

    /// Losses are read after every step, and host memory is the device's own.
    pub(crate) fn is_cpu(&self) -> bool {
        self.info.kind == BackendKind::Cpu
    }

    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    /// Why products cannot be computed in half precision here; `None` if they can.
    pub fn mixed_precision_obstacle(&self) -> Option<&'static str> {
        if self.is_cpu() {
            return Some(
                "Mixed precision is off: the CPU computes numbers of half precision no faster than others",
            );
        }
        if self.device.supports_dtype(FloatDType::F16) {
            return None;
        }
        Some("Mixed precision is off: the driver of this GPU offers no numbers of half precision")
    }
}

/// The backend for a choice; `None` for the CPU. Adapters are listed only if that can matter: loading drivers takes time.
fn choose_among<'a>(
    list: impl FnOnce() -> &'a [BackendInfo],
    choice: BackendChoice,
    step_micros: u64,
) -> Result<Option<&'a BackendInfo>, TrainError> {
    let gpu = |backends: &'a [BackendInfo]| {
        let of = |kind| backends.iter().find(|backend| backend.kind == kind);
        of(BackendKind::DiscreteGpu).or_else(|| of(BackendKind::IntegratedGpu))
    };
    match choice {
        BackendChoice::Cpu => Ok(None),
        BackendChoice::Auto if step_micros < GPU_GAINS_ABOVE_MICROS => Ok(None),
        BackendChoice::Auto => Ok(gpu(list())),
        BackendChoice::Gpu => {
            let backends = list();
            gpu(backends).map(Some).ok_or_else(|| {
                let software = backends.iter().find(|backend| backend.kind == BackendKind::SoftwareGpu);
                let why = software.map_or_else(String::new, |software| {
                    format!(": “{}” only imitates one and is slower than the CPU", software.label())
                });
                TrainError::Backend(format!("This machine has no GPU{why}. Choose the CPU"))
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adapter(name: &str, kind: BackendKind) -> BackendInfo {
        BackendInfo { name: name.to_owned(), kind, interface: "Vulkan".to_owned(), place: 0 }
    }

    fn chosen(backends: &[BackendInfo], choice: BackendChoice, micros: u64) -> Result<String, String> {
        choose_among(|| backends, choice, micros)
            .map(|info| info.map_or("CPU".to_owned(), BackendInfo::label))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_gpu_is_chosen_only_where_it_gains() {
        let backends = [
            BackendInfo::cpu(),
            adapter("llvmpipe", BackendKind::SoftwareGpu),
            adapter("Iris", BackendKind::IntegratedGpu),
            adapter("GeForce", BackendKind::DiscreteGpu),
        ];
        let check = |choice, micros, expected: &str| {
            assert_eq!(chosen(&backends, choice, micros).as_deref(), Ok(expected));
        };
        check(BackendChoice::Auto, 400, "CPU");
        check(BackendChoice::Auto, 50_000, "GeForce (Vulkan)");
        check(BackendChoice::Cpu, 50_000, "CPU");
        check(BackendChoice::Gpu, 1, "GeForce (Vulkan)");
        assert_eq!(chosen(&backends[..3], BackendChoice::Gpu, 1).as_deref(), Ok("Iris (Vulkan)"));
    }

    #[test]
    fn an_adapter_of_software_is_never_chosen_by_itself() {
        let backends = [BackendInfo::cpu(), adapter("llvmpipe", BackendKind::SoftwareGpu)];
        assert_eq!(chosen(&backends, BackendChoice::Auto, u64::MAX).as_deref(), Ok("CPU"));
        let refusal = "This machine has no GPU: “llvmpipe (Vulkan)” only imitates one and is slower than the CPU. \
                       Choose the CPU";
        assert_eq!(chosen(&backends, BackendChoice::Gpu, 1), Err(refusal.to_owned()));
        let others =
            [BackendInfo::cpu(), adapter("?", BackendKind::OtherGpu), adapter("v", BackendKind::VirtualGpu)];
        assert_eq!(chosen(&others, BackendChoice::Auto, u64::MAX).as_deref(), Ok("CPU"));
    }

    #[test]
    fn the_cpu_is_always_listed_first() {
        assert_eq!(list_backends()[0], BackendInfo::cpu());
        assert!(Backend::cpu().mixed_precision_obstacle().is_some());
    }
}
