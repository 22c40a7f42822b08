//! Every change that a user can ask for.

use std::path::PathBuf;
use std::sync::Arc;

use emberlab_core::model::SubgraphId;
use emberlab_core::plan::Target;

use crate::document::{PanelKind, Selection, TabId};
use crate::settings::ThemeChoice;

/// A change that a user can ask for; panels push these, `App` applies them.
#[derive(Clone, Debug)]
pub enum Command {
    /// Open files, each in a tab of its own (or bring the tab that has it to the front).
    Open(Vec<PathBuf>),
    /// Open bytes that have a name but no path.
    OpenBytes(String, Arc<[u8]>),
    /// Ask for files, then open them.
    OpenDialog,
    /// Open the bundled example.
    OpenExample,
    /// Read the file of a tab again.
    Reload(TabId),
    /// Bring a tab to the front.
    ShowTab(TabId),
    /// Bring the next tab to the front.
    NextTab,
    /// Close a tab.
    CloseTab(TabId),
    /// Open the tab that was closed last.
    ReopenTab,
    /// Bring a panel to the front.
    ShowPanel(PanelKind),
    /// Select an operator, tensor or scratch buffer.
    Select(Selection),
    /// Show another subgraph of the model in front.
    ShowSubgraph(SubgraphId),
    /// Choose chip and kernels.
    SetTarget(Target),
    /// Choose the theme.
    SetTheme(ThemeChoice),
    /// Show or hide the inspector.
    ToggleInspector,
    /// Show or hide the log.
    ToggleLog,
    /// Show or hide the overlay of shortcuts.
    ToggleShortcuts,
    /// Show or hide the gallery of parts.
    ToggleGallery,
    /// Put text on the clipboard; the second text says what was copied.
    Copy(String, String),
    /// Ask where, then write a file: suggested name, bytes, what it is in words.
    SaveAs(String, Arc<[u8]>, String),
    /// Cancel the job with the number.
    CancelJob(u64),
    /// Forget the recent files.
    ClearRecents,
}
