//! A picture as SVG.

use std::fmt::Write as _;

use egui::{Align, Color32, Pos2, Stroke};

use super::outline;
use super::{Mark, Picture, stripes_in};
use crate::theme::fonts::Face;

/// How text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextAs {
    /// As text, which a reader can select and a viewer sets in a face of its own where ours is missing.
    Text,
    /// As outlines of our faces, which look the same everywhere.
    Outlines,
}

/// An SVG document with the picture; text stays text.
pub fn svg_from_picture(picture: &Picture) -> String {
    document(picture, TextAs::Text)
}

/// An SVG document with the picture.
pub(super) fn document(picture: &Picture, text_as: TextAs) -> String {
    let (width, height) = (number(picture.size.x), number(picture.size.y));
    let mut svg = String::new();
    // Writing into a String cannot fail.
    let _ = writeln!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">"#
    );
    let _ =
        writeln!(svg, r#"<rect width="{width}" height="{height}"{}/>"#, paint("fill", picture.background));
    for mark in &picture.marks {
        write_mark(&mut svg, mark, text_as);
    }
    svg.push_str("</svg>\n");
    svg
}

/// The elements of texts, to be put over shapes of another writer.
pub(super) fn text_elements(texts: &[Mark], text_as: TextAs) -> String {
    let mut svg = String::new();
    texts.iter().for_each(|mark| write_mark(&mut svg, mark, text_as));
    svg
}

fn write_mark(svg: &mut String, mark: &Mark, text_as: TextAs) {
    let _ = match mark {
        Mark::Rect { rect, radius, fill, stroke } => {
            // SVG centres an outline on the edge; ours lies inside.
            let inset = if stroke.is_empty() { *rect } else { rect.shrink(stroke.width / 2.0) };
            writeln!(
                svg,
                r#"<rect x="{}" y="{}" width="{}" height="{}" rx="{}"{}{}/>"#,
                number(inset.left()),
                number(inset.top()),
                number(inset.width().max(0.0)),
                number(inset.height().max(0.0)),
                number(*radius),
                paint("fill", *fill),
                outline_of(*stroke, None),
            )
        }
        Mark::Hatch { rect, hatch } => {
            let mut path = String::new();
            for band in stripes_in(*rect, hatch, 0.0) {
                push_polygon(&mut path, band.iter().map(|(point, _)| *point));
            }
            writeln!(svg, r#"<path d="{path}"{}/>"#, paint("fill", hatch.colour))
        }
        Mark::Line { from, to, stroke, dash } => writeln!(
            svg,
            r#"<line x1="{}" y1="{}" x2="{}" y2="{}"{}/>"#,
            number(from.x),
            number(from.y),
            number(to.x),
            number(to.y),
            outline_of(*stroke, *dash),
        ),
        Mark::Curve { points: [from, a, b, to], stroke, dash } => writeln!(
            svg,
            r#"<path d="M{} C{} {} {}" fill="none"{}/>"#,
            point(*from),
            point(*a),
            point(*b),
            point(*to),
            outline_of(*stroke, *dash),
        ),
        Mark::Polygon { points, fill } => {
            let mut path = String::new();
            push_polygon(&mut path, points.iter().copied());
            writeln!(svg, r#"<path d="{path}"{}/>"#, paint("fill", *fill))
        }
        Mark::Circle { centre, radius, fill } => writeln!(
            svg,
            r#"<circle cx="{}" cy="{}" r="{}"{}/>"#,
            number(centre.x),
            number(centre.y),
            number(*radius),
            paint("fill", *fill),
        ),
        Mark::Text { at, anchor, text, style, colour, upwards } => {
            let turn = if *upwards {
                format!(r#" transform="rotate(-90 {} {})""#, number(at.x), number(at.y))
            } else {
                String::new()
            };
            // The baseline, from the anchor and the vertical extent that both faces share within a fifth of a point.
            let baseline = at.y
                + match anchor.y() {
                    Align::Min => 0.95 * style.size(),
                    Align::Center => 0.36 * style.size(),
                    Align::Max => -0.25 * style.size(),
                };
            match text_as {
                TextAs::Text => {
                    let family = match style.face() {
                        Face::Ui400 | Face::Ui500 | Face::Ui600 => "Inter, sans-serif",
                        Face::Mono400 | Face::Mono500 => "JetBrains Mono NL, JetBrains Mono, monospace",
                    };
                    let anchor = match anchor.x() {
                        Align::Min => "start",
                        Align::Center => "middle",
                        Align::Max => "end",
                    };
                    writeln!(
                        svg,
                        r#"<text x="{}" y="{}" font-family="{family}" font-size="{}" font-weight="{}" text-anchor="{anchor}" xml:space="preserve"{}{turn}>{}</text>"#,
                        number(at.x),
                        number(baseline),
                        number(style.size()),
                        style.face().source().1,
                        paint("fill", *colour),
                        escaped(text),
                    )
                }
                TextAs::Outlines => {
                    let width = outline::text_width(text, *style);
                    let left = at.x - width * anchor.x().to_factor();
                    let path = outline::path(text, *style, Pos2::new(left, baseline));
                    writeln!(svg, r#"<path d="{path}"{}{turn}/>"#, paint("fill", *colour))
                }
            }
        }
    };
}

/// A coordinate with at most two decimals; a picture never needs more.
pub(super) fn number(value: f32) -> String {
    let rounded = (f64::from(value) * 100.0).round() / 100.0;
    // Also turns -0 into 0.
    format!("{}", if rounded == 0.0 { 0.0 } else { rounded })
}

fn point(point: Pos2) -> String {
    format!("{} {}", number(point.x), number(point.y))
}

fn push_polygon(path: &mut String, points: impl Iterator<Item = Pos2>) {
    for (index, corner) in points.enumerate() {
        let _ = write!(path, "{}{}", if index == 0 { 'M' } else { 'L' }, point(corner));
    }
    path.push('Z');
}

fn paint(attribute: &str, colour: Color32) -> String {
    let [r, g, b, a] = colour.to_srgba_unmultiplied();
    match a {
        0 => format!(r#" {attribute}="none""#),
        255 => format!(r##" {attribute}="#{r:02x}{g:02x}{b:02x}""##),
        a => format!(
            r##" {attribute}="#{r:02x}{g:02x}{b:02x}" {attribute}-opacity="{}""##,
            number(f32::from(a) / 255.0)
        ),
    }
}

fn outline_of(stroke: Stroke, dash: Option<(f32, f32)>) -> String {
    if stroke.is_empty() {
        return String::new();
    }
    let dashes = dash.map_or_else(String::new, |(on, off)| {
        format!(r#" stroke-dasharray="{} {}""#, number(on), number(off))
    });
    format!(r#"{} stroke-width="{}"{dashes}"#, paint("stroke", stroke.color), number(stroke.width))
}

/// Text that XML can hold: markup escaped, characters that XML 1.0 forbids left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use egui::{Align2, Rect, pos2, vec2};

    use super::*;
    use crate::charts::Style;

    fn picture(marks: Vec<Mark>) -> Picture {
        Picture { size: vec2(40.0, 30.0), background: Color32::BLACK, marks }
    }

    #[test]
    fn marks_become_elements_with_their_colours() {
        let rect = Rect::from_min_size(pos2(2.0, 3.0), vec2(10.0, 5.5));
        let svg = svg_from_picture(&picture(vec![
            Mark::filled(rect, 2.0, Color32::WHITE),
            Mark::line(pos2(0.0, 0.004), pos2(40.0, 30.0), Stroke::new(1.5, Color32::RED)),
            Mark::text(
                pos2(20.0, 10.0),
                Align2::CENTER_CENTER,
                "a<b & \"c\"\u{1}",
                Style::Small,
                Color32::WHITE,
            ),
        ]));
        assert!(
            svg.starts_with(r#"<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30""#),
            "{svg}"
        );
        assert!(
            svg.contains(r##"<rect x="2" y="3" width="10" height="5.5" rx="2" fill="#ffffff"/>"##),
            "{svg}"
        );
        assert!(
            svg.contains(r##"x1="0" y1="0" x2="40" y2="30" stroke="#ff0000" stroke-width="1.5""##),
            "{svg}"
        );
        assert!(svg.contains("a&lt;b &amp; &quot;c&quot;</text>"), "{svg}");
        assert!(svg.trim_end().ends_with("</svg>"));
    }

    #[test]
    fn transparent_fill_is_written_as_none_and_half_as_opacity() {
        let rect = Rect::from_min_size(pos2(0.0, 0.0), vec2(10.0, 10.0));
        let svg = svg_from_picture(&picture(vec![
            Mark::outlined(rect, 0.0, Stroke::new(2.0, Color32::WHITE)),
            Mark::filled(rect, 0.0, Color32::WHITE.gamma_multiply(0.5)),
        ]));
        assert!(svg.contains(r#"<rect x="1" y="1" width="8" height="8" rx="0" fill="none""#), "{svg}");
        assert!(svg.contains(r#"fill-opacity="0.5""#), "{svg}");
    }
}
