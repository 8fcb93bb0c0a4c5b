//! Looks for a Vulkan driver, so that the wgpu tests are built only where they can run.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Where Vulkan drivers register themselves, by the loader's own rules for Linux.
const FOLDERS: &[&str] = &["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];

/// A Vulkan driver on this machine.
#[derive(Debug, PartialEq, Eq)]
pub struct Driver {
    /// Its registration, a JSON file.
    pub file: PathBuf,
    /// Whether it is Mesa's lavapipe, which runs on the CPU.
    pub lavapipe: bool,
}

impl Driver {
    /// The driver to test with: lavapipe where it is installed, since its results do not depend on the machine.
    pub fn find() -> Option<Self> {
        let chosen = env::var_os("VK_DRIVER_FILES").or_else(|| env::var_os("VK_ICD_FILENAMES"));
        let folders: Vec<PathBuf> = FOLDERS.iter().map(PathBuf::from).collect();
        Self::among(chosen.as_deref(), &folders)
    }

    /// The first existing file of the list `chosen` if that is set, else the best of the files in `folders`.
    fn among(chosen: Option<&OsStr>, folders: &[PathBuf]) -> Option<Self> {
        if let Some(list) = chosen.filter(|list| !list.is_empty()) {
            return env::split_paths(list).find(|file| file.is_file()).map(Self::new);
        }
        let mut files: Vec<PathBuf> =
            folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten().map(|entry| entry.path()).collect();
        files.retain(|file| file.extension() == Some(OsStr::new("json")));
        // lavapipe first, of this processor before others (a machine may hold 32-bit drivers too), then by name.
        files.sort_by_key(|file| (!is_lavapipe(file), !file_name(file).contains(env::consts::ARCH), file.clone()));
        files.into_iter().next().map(Self::new)
    }

    /// Tells the loader and `CubeCL` to use this driver.
    pub fn set(&self, command: &mut Command) {
        if self.lavapipe {
            command.env("VK_DRIVER_FILES", &self.file).env("CUBECL_WGPU_DEFAULT_DEVICE", "Cpu");
        }
    }

    fn new(file: PathBuf) -> Self {
        Self { lavapipe: is_lavapipe(&file), file }
    }
}

fn is_lavapipe(file: &Path) -> bool {
    file_name(file).starts_with("lvp_icd")
}

fn file_name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lavapipe_of_this_processor_comes_first_and_a_chosen_file_before_all() {
        let folder = env::temp_dir().join(format!("xtask-vulkan-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let folders = [folder.join("absent"), folder.clone()];
        assert_eq!(Driver::among(None, &folders), None);
        let own = format!("lvp_icd.{}.json", env::consts::ARCH);
        for name in ["a_icd.json", "lvp_icd.other.json", &own, "README"] {
            fs::write(folder.join(name), "{}").unwrap();
        }
        assert_eq!(Driver::among(None, &folders), Some(Driver { file: folder.join(&own), lavapipe: true }));
        let chosen = folder.join("a_icd.json");
        assert_eq!(Driver::among(Some(chosen.as_os_str()), &folders), Some(Driver { file: chosen, lavapipe: false }));
        assert_eq!(Driver::among(Some(OsStr::new("/absent.json")), &folders), None);
        fs::remove_dir_all(folder).unwrap();
    }
}
