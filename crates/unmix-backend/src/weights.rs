//! Weights as safetensors: names are the paths of the parameters in the module (`layers.0.weight`).

use crate::BackendError;
use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId},
    optim::GradientsParams,
    tensor::{DType, Tensor, TensorData},
};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::{
    collections::BTreeMap,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
};

/// Writes the parameters of `module`; a file in the way is replaced in one move.
///
/// # Errors
/// [`BackendError::Read`] if the device fails, [`BackendError::File`] if the file cannot be written.
pub fn save_safetensors<M: Module>(module: &M, path: &Path) -> Result<(), BackendError> {
    let partial = path.with_added_extension("partial");
    write_synced(&partial, &encode(&parameters(module)?, path)?)?;
    std::fs::rename(&partial, path).map_err(|source| BackendError::File { path: path.to_owned(), source })
}

/// Gives `module` the parameters of a file, on the device and with the gradient setting that they had.
///
/// # Errors
/// [`BackendError::File`] and [`BackendError::Safetensors`] if the file cannot be read; [`BackendError::Parameter`],
/// [`BackendError::Shape`] and [`BackendError::NumberType`] if it belongs to another network.
pub fn load_safetensors<M: Module>(module: M, path: &Path) -> Result<M, BackendError> {
    put_parameters(module, read(path)?, path)
}

/// The values of a parameter or of one of its moments.
pub(crate) type Named = BTreeMap<String, TensorData>;

/// Every float parameter by its path.
pub(crate) fn parameters<M: Module>(module: &M) -> Result<Named, BackendError> {
    collect(module, Source::Parameters)
}

/// A tensor for every parameter that has one in `container`, by the path of the parameter.
pub(crate) fn companions<M: Module>(module: &M, container: &GradientsParams) -> Result<Named, BackendError> {
    collect(module, Source::Companions(container))
}

/// `module` with every float parameter replaced.
pub(crate) fn put_parameters<M: Module>(module: M, values: Named, path: &Path) -> Result<M, BackendError> {
    let mut put = Put { values, path, names: Vec::new(), error: None };
    let module = module.map(&mut put);
    put.finish().map(|()| module)
}

/// Tensors on the device of the parameter whose path they carry; parameters without one are left out.
pub(crate) fn put_companions<M: Module>(module: &M, values: Named, path: &Path) -> Result<GradientsParams, BackendError> {
    let mut container = GradientsParams::new();
    let mut put = PutCompanions { put: Put { values, path, names: Vec::new(), error: None }, container: &mut container };
    module.visit(&mut put);
    put.put.finish().map(|()| container)
}

/// The bytes of a safetensors file; names are in order, so equal values give equal bytes.
pub(crate) fn encode(values: &Named, path: &Path) -> Result<Vec<u8>, BackendError> {
    let malformed = |source| BackendError::Safetensors { path: path.to_owned(), source };
    let mut views = Vec::with_capacity(values.len());
    for (name, data) in values {
        let dtype = if data.dtype() == DType::F64 { Dtype::F64 } else { Dtype::F32 };
        views.push((name.as_str(), TensorView::new(dtype, data.shape().to_vec(), data.as_bytes()).map_err(malformed)?));
    }
    safetensors::serialize(views, None).map_err(malformed)
}

/// The tensors of a safetensors file.
pub(crate) fn read(path: &Path) -> Result<Named, BackendError> {
    let bytes = std::fs::read(path).map_err(|source| BackendError::File { path: path.to_owned(), source })?;
    let file = SafeTensors::deserialize(&bytes).map_err(|source| BackendError::Safetensors { path: path.to_owned(), source })?;
    file.iter()
        .map(|(name, view)| {
            let shape = view.shape().to_vec();
            let data = match view.dtype() {
                Dtype::F32 => TensorData::new(numbers(view.data(), f32::from_le_bytes), shape),
                Dtype::F64 => TensorData::new(numbers(view.data(), f64::from_le_bytes), shape),
                other => {
                    let (path, name) = (path.to_owned(), name.to_owned());
                    return Err(BackendError::NumberType { path, name, dtype: other.to_string() });
                }
            };
            Ok((name.to_owned(), data))
        })
        .collect()
}

/// Writes a file and waits until the disk has it.
pub(crate) fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), BackendError> {
    let failed = |source| BackendError::File { path: path.to_owned(), source };
    let mut file = File::create(path).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.sync_all().map_err(failed)
}

fn numbers<T, const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|chunk| read(*chunk)).collect()
}

#[derive(Clone, Copy)]
enum Source<'a> {
    Parameters,
    Companions(&'a GradientsParams),
}

fn collect<M: Module>(module: &M, source: Source<'_>) -> Result<Named, BackendError> {
    let mut collect = Collect { source, names: Vec::new(), values: Named::new(), error: None };
    module.visit(&mut collect);
    collect.error.map_or(Ok(collect.values), Err)
}

struct Collect<'a> {
    source: Source<'a>,
    names: Vec<String>,
    values: Named,
    error: Option<BackendError>,
}

impl ModuleVisitor for Collect<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.names.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.names.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = match self.source {
            Source::Parameters => Some(param.val()),
            Source::Companions(container) => container.get::<D>(param.id),
        };
        let Some(tensor) = tensor else { return };
        match tensor.try_into_data() {
            Ok(data) => {
                self.values.insert(self.names.join("."), data);
            }
            Err(error) => self.error = Some(BackendError::Read { what: "a parameter", reason: error.to_string() }),
        }
    }
}

struct Put<'a> {
    values: Named,
    path: &'a Path,
    names: Vec<String>,
    error: Option<BackendError>,
}

impl Put<'_> {
    /// The value with the name of the parameter that is being visited, if its shape fits.
    fn take(&mut self, expected: &[usize]) -> Option<TensorData> {
        let name = self.names.join(".");
        let data = self.values.remove(&name)?;
        if data.shape().as_slice() == expected {
            return Some(data);
        }
        let (path, found) = (self.path.to_owned(), data.shape().to_vec());
        self.error.get_or_insert(BackendError::Shape { path, name, expected: expected.to_vec(), found });
        None
    }

    fn parameter(&self, name: String, state: &'static str) -> BackendError {
        BackendError::Parameter { path: PathBuf::from(self.path), name, state }
    }

    /// All that the file holds must have been taken.
    fn finish(mut self) -> Result<(), BackendError> {
        match (self.error.take(), self.values.keys().next()) {
            (Some(error), _) => Err(error),
            (None, Some(name)) => Err(self.parameter(name.clone(), "unknown")),
            (None, None) => Ok(()),
        }
    }
}

impl ModuleMapper for Put<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.names.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.names.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let tensor = if let Some(data) = self.take(&tensor.dims()) {
            let dtype = data.dtype();
            let value = Tensor::from_data(data, (&tensor.device(), dtype));
            if tensor.is_require_grad() { value.require_grad() } else { value }
        } else {
            if self.error.is_none() {
                self.error = Some(self.parameter(self.names.join("."), "missing"));
            }
            tensor
        };
        Param::from_mapped_value(id, tensor, mapper)
    }
}

struct PutCompanions<'a, 'b> {
    put: Put<'a>,
    container: &'b mut GradientsParams,
}

impl ModuleVisitor for PutCompanions<'_, '_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.put.names.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.put.names.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        if let Some(data) = self.put.take(&tensor.dims()) {
            let (id, dtype): (ParamId, _) = (param.id, data.dtype());
            let device = tensor.device().without_autodiff();
            self.container.register(id, Tensor::<D>::from_data(data, (&device, dtype)));
        }
    }
}
