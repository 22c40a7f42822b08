//! Icons as characters, so that they take the colour of the text and stand on its line.
//!
//! Each icon is an SVG of `assets/icons` behind a character of a private-use plane; the font atlas asks
//! [`rasterizer`] for the pixels.

use std::sync::{Arc, LazyLock};

use egui::{GlyphRasterizer, RichText};
use egui_extras::SvgGlyph;

use super::font_id;

/// First character of the icons, in a plane that no font uses.
const FIRST: u32 = 0xF_0000;

/// Bottom edge of an icon below the baseline, in em: centres it on the capitals of Inter, which are 0.727 em high.
const BASELINE_OFFSET_EM: f32 = 0.727 / 2.0 - 0.5;

macro_rules! icons {
    ($($name:ident => $file:literal,)*) => {
        /// An icon; the names are those of Lucide.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs)]
        pub enum Icon {
            $($name,)*
        }

        impl Icon {
            /// All of them, in the order of their characters.
            pub const ALL: &'static [Icon] = &[$(Icon::$name,)*];

            /// Name of the file, without its ending.
            pub fn name(self) -> &'static str {
                match self {
                    $(Icon::$name => $file,)*
                }
            }

            /// The picture.
            pub fn svg(self) -> &'static [u8] {
                match self {
                    $(Icon::$name => include_bytes!(concat!("../../../assets/icons/", $file, ".svg")),)*
                }
            }
        }
    };
}

icons! {
    Activity => "activity",
    ArrowDown => "arrow-down",
    ArrowLeft => "arrow-left",
    ArrowLeftRight => "arrow-left-right",
    ArrowRight => "arrow-right",
    ArrowUp => "arrow-up",
    ArrowUpDown => "arrow-up-down",
    Bell => "bell",
    Box => "box",
    Bug => "bug",
    Camera => "camera",
    ChartBar => "chart-bar",
    ChartLine => "chart-line",
    ChartScatter => "chart-scatter",
    Check => "check",
    ChevronDown => "chevron-down",
    ChevronLeft => "chevron-left",
    ChevronRight => "chevron-right",
    ChevronUp => "chevron-up",
    ChevronsUpDown => "chevrons-up-down",
    Circle => "circle",
    CircleCheck => "circle-check",
    CircleHelp => "circle-help",
    CircleX => "circle-x",
    Clock3 => "clock-3",
    Code => "code",
    Copy => "copy",
    Cpu => "cpu",
    Crosshair => "crosshair",
    Database => "database",
    Download => "download",
    Ellipsis => "ellipsis",
    Equal => "equal",
    ExternalLink => "external-link",
    Eye => "eye",
    FileBox => "file-box",
    FileX => "file-x",
    FilterX => "filter-x",
    Flame => "flame",
    FlaskConical => "flask-conical",
    FolderOpen => "folder-open",
    Gauge => "gauge",
    GitBranch => "git-branch",
    GripVertical => "grip-vertical",
    Hand => "hand",
    HardDrive => "hard-drive",
    Hash => "hash",
    History => "history",
    Image => "image",
    Info => "info",
    Keyboard => "keyboard",
    Layers => "layers",
    Link2 => "link-2",
    List => "list",
    ListFilter => "list-filter",
    Locate => "locate",
    Lock => "lock",
    Maximize => "maximize",
    MemoryStick => "memory-stick",
    Mic => "mic",
    Minus => "minus",
    Monitor => "monitor",
    Moon => "moon",
    MousePointer2 => "mouse-pointer-2",
    Network => "network",
    PanelBottom => "panel-bottom",
    PanelRight => "panel-right",
    Pause => "pause",
    Pin => "pin",
    Play => "play",
    Plug => "plug",
    Plus => "plus",
    RadioTower => "radio-tower",
    Redo2 => "redo-2",
    RotateCcw => "rotate-ccw",
    RotateCw => "rotate-cw",
    Ruler => "ruler",
    Save => "save",
    Scan => "scan",
    ScanSearch => "scan-search",
    Search => "search",
    Settings => "settings",
    Shapes => "shapes",
    Shrink => "shrink",
    SlidersHorizontal => "sliders-horizontal",
    Sparkles => "sparkles",
    Square => "square",
    SquareTerminal => "square-terminal",
    Sun => "sun",
    Table => "table",
    Tag => "tag",
    Terminal => "terminal",
    Trash2 => "trash-2",
    TriangleAlert => "triangle-alert",
    Undo2 => "undo-2",
    Upload => "upload",
    Usb => "usb",
    Waves => "waves",
    Workflow => "workflow",
    X => "x",
    Zap => "zap",
    ZoomIn => "zoom-in",
    ZoomOut => "zoom-out",
    MarkFlame => "mark-flame",
    MarkCore => "mark-core",
}

impl Icon {
    /// The character that stands for the icon.
    pub fn glyph(self) -> char {
        char::from_u32(FIRST + self as u32).expect("the private-use plane has 65,534 characters from FIRST")
    }

    /// The icon as text of `size` points.
    pub fn text(self, size: f32) -> RichText {
        RichText::new(self.glyph()).font(font_id::icon(size))
    }
}

/// Draws the characters of all icons.
pub fn rasterizer() -> GlyphRasterizer {
    let glyphs: LazyLock<Arc<[Option<SvgGlyph>]>> = LazyLock::new(|| {
        let parse = |icon: &Icon| {
            let glyph = SvgGlyph::from_bytes(icon.svg()).ok()?;
            Some(glyph.with_baseline_offset(BASELINE_OFFSET_EM))
        };
        Icon::ALL.iter().map(parse).collect()
    });
    GlyphRasterizer::new("emberlab icons", move |request| {
        let mut chars = request.cluster.chars();
        let (Some(first), None) = (chars.next(), chars.next()) else { return None };
        let index = u32::from(first).checked_sub(FIRST)? as usize;
        glyphs.get(index)?.as_ref()?.rasterize(request.font_size_px)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_icon_is_a_picture_without_colours_of_its_own() {
        for icon in Icon::ALL {
            let glyph =
                SvgGlyph::from_bytes(icon.svg()).unwrap_or_else(|err| panic!("{}: {err}", icon.name()));
            let drawn = glyph.rasterize(16.0).expect("16 px fit the atlas");
            assert!(!drawn.bitmap.is_color, "{}", icon.name());
            assert!(drawn.bitmap.image.pixels.iter().any(|pixel| pixel.a() > 0), "{} is empty", icon.name());
        }
    }

    #[test]
    fn glyphs_are_distinct_and_found_by_the_rasterizer() {
        let rasterizer = rasterizer();
        for (index, icon) in Icon::ALL.iter().enumerate() {
            assert_eq!(*icon as usize, index);
            let cluster = icon.glyph().to_string();
            let request = egui::GlyphRasterizerRequest {
                cluster: &cluster,
                family: &egui::FontFamily::Proportional,
                font_size_px: 16.0,
                subpixel_offset_px: 0.0,
            };
            assert!((rasterizer.rasterize)(&request).is_some(), "{}", icon.name());
        }
    }
}
