//! Small marks on paper.
use maud::{Markup, html};

/// A place to tick.
pub fn tick() -> Markup {
    html! { span class="box" {} }
}
