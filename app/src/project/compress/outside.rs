//! A float32 model that was opened without a project: its first variant is itself, its samples come from files or from a
//! project in another tab.

use emberlab_core::dataset::PreparationRecord;
use emberlab_core::project::VariantRecord;

use super::{PreparedFor, Variant};
use crate::document::{Document, Tab, TabContent, TabId};
use crate::training::TrainingData;

/// Makes the model of a tab without a project its first variant; another file begins anew.
pub(super) fn begin(tab: &mut Tab) {
    if tab.project.is_some() {
        return;
    }
    let TabContent::Model(open) = &tab.content else { return };
    let Some(file) = &open.file else { return };
    let state = &mut tab.compress;
    if state.records.first().is_some_and(|record| record.file_sha256 == open.sha256) {
        return;
    }
    // Samples for the model before may have other shapes.
    *state = super::CompressState::default();
    state.records.push(VariantRecord {
        name: tab.title.clone(),
        file_bytes: open.file_bytes,
        file_sha256: open.sha256.clone(),
        ..VariantRecord::default()
    });
    let variant = Variant {
        sha256: open.sha256.clone(),
        model: Some(open.model.clone()),
        file: Some(file.clone()),
        ..Variant::default()
    };
    state.variants.insert(tab.title.clone(), variant);
    state.selected = Some(tab.title.clone());
}

/// Projects in other tabs whose samples are ready, with what they are called.
pub fn projects_with_data(document: &Document) -> impl Iterator<Item = (TabId, &str)> {
    let tabs = document.tabs.iter().filter(|tab| tab.project.as_deref().is_some_and(has_data));
    tabs.map(|tab| (tab.id, tab.title.as_str()))
}

fn has_data(open: &crate::project::OpenProject) -> bool {
    open.data.prepared.is_some()
}

/// The samples of the project in a tab.
pub(super) fn data_of_tab(document: &Document, id: TabId) -> Option<TrainingData> {
    let open = document.tab(id)?.project.as_deref()?;
    crate::project::train::training_data(open)
}

/// What samples of files are prepared for: the model of a tab, with the preparation of a project if one is chosen, else of a
/// model that it is compared with.
pub(super) fn prepared_for(tab: &Tab, project: Option<&TrainingData>) -> Option<PreparedFor> {
    let TabContent::Model(open) = &tab.content else { return None };
    let of_project = || {
        let data = project?;
        Some(PreparationRecord::new(data.dataset.as_deref()?, &data.prepared))
    };
    let of_others = || {
        let models = tab.compress.variants.values().filter_map(|variant| variant.model.as_deref());
        models.into_iter().find_map(|model| PreparationRecord::of_model(model).ok().flatten())
    };
    Some(PreparedFor {
        model: open.model.clone(),
        file: open.file.clone()?,
        record: of_project().or_else(of_others),
    })
}
