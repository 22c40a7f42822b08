//! Which generated data suit a template.

use emberlab_core::dataset::Generator;
use emberlab_core::layers::templates::{DataKind, Template};

/// Generated data that suit a template.
pub fn generator(template: &Template) -> Generator {
    match template.data {
        DataKind::Function => Generator::Sine,
        DataKind::Rows if template.id == "anomaly-autoencoder" => Generator::Machine,
        DataKind::Rows | DataKind::Series => Generator::Gestures,
        DataKind::Sound => Generator::Tones,
        DataKind::Pictures => Generator::Digits,
        DataKind::SoundAndMotion => Generator::SoundAndMotion,
    }
}

/// The template that a name stands for; `None` for no name or one that this version does not know.
pub fn find(id: &str) -> Option<&'static Template> {
    Template::from_id(id)
}
