//! The bundled faces, Inter for words and JetBrains Mono for whatever a machine counted.
//!
//! A [`egui::FontId`] holds no weight, so each weight of the variable files is a family of its own, made by the
//! same bytes with another `wght`: `ui`, `ui-500`, `ui-600`, `mono` and `mono-500`.

use std::sync::Arc;

use egui::{FontData, FontDefinitions, FontFamily, FontTweak};

static INTER: &[u8] = include_bytes!("../../../assets/fonts/InterTabular.ttf");
static JETBRAINS_MONO: &[u8] = include_bytes!("../../../assets/fonts/JetBrainsMonoPlain.ttf");

/// A face and weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Face {
    Ui400,
    Ui500,
    Ui600,
    Mono400,
    Mono500,
}

impl Face {
    /// All of them.
    pub const ALL: [Face; 5] = [Face::Ui400, Face::Ui500, Face::Ui600, Face::Mono400, Face::Mono500];

    /// The name of the family.
    pub fn name(self) -> &'static str {
        match self {
            Face::Ui400 => "ui",
            Face::Ui500 => "ui-500",
            Face::Ui600 => "ui-600",
            Face::Mono400 => "mono",
            Face::Mono500 => "mono-500",
        }
    }

    /// The family.
    pub fn family(self) -> FontFamily {
        FontFamily::Name(self.name().into())
    }

    /// The bytes of the file, and the weight along its axis `wght`.
    pub fn source(self) -> (&'static [u8], f32) {
        match self {
            Face::Ui400 => (INTER, 400.0),
            Face::Ui500 => (INTER, 500.0),
            Face::Ui600 => (INTER, 600.0),
            Face::Mono400 => (JETBRAINS_MONO, 400.0),
            Face::Mono500 => (JETBRAINS_MONO, 500.0),
        }
    }

    fn data(self) -> FontData {
        let (bytes, weight) = self.source();
        let coords = egui::epaint::text::VariationCoords::new([("wght", weight)]);
        FontData::from_static(bytes).tweak(FontTweak { coords, ..FontTweak::default() })
    }

    /// Faces in the order in which a character is looked for, before egui's own fonts.
    fn chain(self) -> &'static [Face] {
        match self {
            Face::Ui400 => &[Face::Ui400],
            Face::Ui500 => &[Face::Ui500],
            Face::Ui600 => &[Face::Ui600],
            Face::Mono400 => &[Face::Mono400, Face::Ui400],
            Face::Mono500 => &[Face::Mono500, Face::Ui500],
        }
    }
}

/// Our faces, each followed by egui's own fonts for scripts that ours lack.
pub fn definitions() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    for face in Face::ALL {
        fonts.font_data.insert(face.name().to_owned(), Arc::new(face.data()));
    }
    for (generic, first) in [(FontFamily::Proportional, Face::Ui400), (FontFamily::Monospace, Face::Mono400)]
    {
        let fallbacks = fonts.families.get(&generic).cloned().unwrap_or_default();
        for face in Face::ALL.into_iter().filter(|face| (face.chain()[0].is_mono()) == first.is_mono()) {
            fonts.families.insert(face.family(), chain_names(face, &fallbacks));
        }
        fonts.families.insert(generic, chain_names(first, &fallbacks));
    }
    fonts
}

impl Face {
    fn is_mono(self) -> bool {
        matches!(self, Face::Mono400 | Face::Mono500)
    }
}

fn chain_names(face: Face, fallbacks: &[String]) -> Vec<String> {
    face.chain().iter().map(|face| face.name().to_owned()).chain(fallbacks.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_begins_with_its_own_face_and_ends_with_fallbacks() {
        let fonts = definitions();
        for face in Face::ALL {
            let names = &fonts.families[&face.family()];
            assert_eq!(names[0], face.name());
            assert!(names.len() > face.chain().len(), "{names:?}");
            assert!(names.iter().all(|name| fonts.font_data.contains_key(name)));
        }
    }

    #[test]
    fn digits_of_the_ui_face_are_all_equally_wide() {
        let ctx = egui::Context::default();
        ctx.set_fonts(definitions());
        let mut widths = Vec::new();
        let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
            for face in Face::ALL {
                for digit in '0'..='9' {
                    let font_id = egui::FontId::new(12.0, face.family());
                    let galley =
                        ui.painter().layout_no_wrap(digit.to_string(), font_id, egui::Color32::WHITE);
                    widths.push((face, galley.size().x));
                }
            }
        });
        output.textures_delta.clear();
        for pair in widths.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
            assert_eq!(pair[0].1, pair[1].1, "{pair:?}");
        }
    }
}
