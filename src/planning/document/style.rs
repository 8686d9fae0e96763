//! How the document looks.

/// The content of the page's only style element, whose hash belongs into the Content-Security-Policy.
pub const STYLE: &str = include_str!("style.css");
