//! Enums whose values are words of the trade, spelled alike in JSON, in the database and in the document.

/// A closed list of words.
pub trait StringEnum: Copy + 'static {
    /// Every word, in the order of the document.
    const ALL: &'static [Self];
    /// The word as it is spelled everywhere.
    fn as_str(self) -> &'static str;
    /// The value of a spelled word.
    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|w| w.as_str() == word)
    }
}

/// Declares a [`StringEnum`]: one variant and its spelling a line; the first word is the default.
#[macro_export]
macro_rules! string_enum {
    ($(#[doc = $doc:literal])* pub enum $name:ident { $first:ident = $first_text:literal $(, $variant:ident = $text:literal)* $(,)? }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            #[default]
            #[serde(rename = $first_text)]
            $first,
            $(#[serde(rename = $text)] $variant,)*
        }
        impl $crate::model::StringEnum for $name {
            const ALL: &'static [Self] = &[Self::$first $(, Self::$variant)*];
            fn as_str(self) -> &'static str {
                match self { Self::$first => $first_text $(, Self::$variant => $text)* }
            }
        }
        // By hand: the derive cannot read spellings that come through a macro.
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::Type::String)
                    .description(Some(concat!($($doc, " "),*).trim()))
                    .enum_values(Some(<$name as $crate::model::StringEnum>::ALL.iter().map(|word| $crate::model::StringEnum::as_str(*word))))
                    .into()
            }
        }
        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed(stringify!($name))
            }
        }
    };
}
