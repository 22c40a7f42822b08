//! Work that the Inspect panel asks for: figures about a constant tensor, and pictures for files.

use std::sync::Arc;

use emberlab_core::model::{Model, SubgraphId, TensorId};
use emberlab_core::stats::Statistics;

use super::{JobKind, JobSpec, Jobs, Outcome, Subject};
use crate::charts::{Picture, png_from_picture, svg_from_picture};

/// Bars that a histogram on the screen can have.
const N_BINS: usize = 64;

/// A format of pictures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PictureFormat {
    /// Scalable, with text that stays text.
    Svg,
    /// Pixels: so many per point.
    Png(f32),
}

impl Jobs {
    /// Computes the figures of a constant tensor.
    pub fn measure(&mut self, subject: Subject, model: Arc<Model>, subgraph: SubgraphId, tensor: TensorId) {
        let spec = JobSpec {
            kind: JobKind::Statistics,
            name: format!("Measuring tensor t{}", tensor.0),
            subject: Some(subject),
        };
        self.start(spec, move |_| {
            let statistics = measured(&model, subgraph, tensor);
            Some(Outcome::Measured(subgraph, tensor, statistics.map(Arc::new)))
        });
    }

    /// Draws a picture as a file, then asks where to write it.
    pub fn draw(&mut self, name: String, picture: Arc<Picture>, format: PictureFormat, what: String) {
        let spec = JobSpec { kind: JobKind::Picture, name: format!("Drawing {what}"), subject: None };
        self.start(spec, move |_| {
            let bytes = match format {
                PictureFormat::Svg => Ok(svg_from_picture(&picture).into_bytes()),
                PictureFormat::Png(scale) => {
                    png_from_picture(&picture, scale).map_err(|error| error.to_string())
                }
            };
            Some(Outcome::Drawn(name, bytes.map(Arc::from), what))
        });
    }
}

/// The figures of a tensor; `None` where it has no data or its elements are no single numbers.
pub fn measured(model: &Model, subgraph: SubgraphId, tensor: TensorId) -> Option<Statistics> {
    let tensor = model.subgraphs.get(subgraph.index())?.tensors.get(tensor.index())?;
    Statistics::new(tensor, model.constant_data(tensor)?, N_BINS)
}
