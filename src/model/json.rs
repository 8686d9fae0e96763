//! Strict JSON: what two parsers could read differently is refused at the edge.
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// How deep objects and lists may nest.
pub const MAX_DEPTH: usize = 32;

/// Reads one JSON text: no duplicate members, no control characters, no depth beyond [`MAX_DEPTH`], text in NFC.
///
/// # Errors
/// What is wrong and where, in words for the client.
pub fn parse(bytes: &[u8]) -> Result<Value, String> {
    let mut reader = serde_json::Deserializer::from_str(text(bytes)?);
    let value = Strict { depth: 0 }.deserialize(&mut reader).map_err(|e| e.to_string())?;
    reader.end().map_err(|e| e.to_string())?;
    Ok(value)
}

/// As [`parse`], of an object with a list that may be long: its elements are handed over one by one and not kept. Gives the
/// object without the list and whether the list was there; a member of its name that is no list stays.
///
/// # Errors
/// As [`parse`].
pub fn parse_list(bytes: &[u8], list: &str, each: &mut dyn FnMut(Value)) -> Result<(Value, bool), String> {
    let mut reader = serde_json::Deserializer::from_str(text(bytes)?);
    let mut found = false;
    let value = Holder { list, each, found: &mut found }.deserialize(&mut reader).map_err(|e| e.to_string())?;
    reader.end().map_err(|e| e.to_string())?;
    Ok((value, found))
}

fn text(bytes: &[u8]) -> Result<&str, String> {
    let text = std::str::from_utf8(bytes).map_err(|e| format!("not UTF-8 at byte {}", e.valid_up_to()))?;
    if text.starts_with('\u{feff}') {
        return Err("a byte order mark is not JSON".into());
    }
    Ok(text)
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: de::Error>(self) -> Result<Strict, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format!("nested deeper than {MAX_DEPTH}")));
        }
        Ok(Strict { depth: self.depth + 1 })
    }
}

/// C0 but tab and line ends, DEL, and C1.
fn plain<E: de::Error>(text: &str) -> Result<String, E> {
    let forbidden = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    if let Some(c) = text.chars().find(|c| forbidden(*c)) {
        return Err(E::custom(format!("control character U+{:04X}", c as u32)));
    }
    Ok(nfc(text))
}

/// Text in NFC: letters composed differently are the same.
pub fn nfc(text: &str) -> String {
    if is_nfc(text) { text.to_owned() } else { text.nfc().collect() }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_bool<E: de::Error>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }
    fn visit_i64<E: de::Error>(self, v: i64) -> Result<Value, E> {
        Ok(Value::Number(v.into()))
    }
    fn visit_u64<E: de::Error>(self, v: u64) -> Result<Value, E> {
        // Beyond 64 bits with a sign no two computers agree.
        i64::try_from(v).map(|v| Value::Number(v.into())).map_err(|_| E::custom("number out of range"))
    }
    fn visit_f64<E: de::Error>(self, v: f64) -> Result<Value, E> {
        if v.fract() != 0.0 {
            return Number::from_f64(v).map(Value::Number).ok_or_else(|| E::custom("number out of range"));
        }
        // 60.0 is the integer 60; -0.0 is 0. Whole numbers beyond 64 bits mean something else to every computer.
        if v.abs() >= 9_223_372_036_854_775_808.0 {
            return Err(E::custom("number out of range"));
        }
        Ok(Value::Number((v as i64).into()))
    }
    fn visit_str<E: de::Error>(self, v: &str) -> Result<Value, E> {
        plain(v).map(Value::String)
    }
    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(value) = seq.next_element_seed(inner)? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let name = plain(&name)?;
            if object.contains_key(&name) {
                return Err(de::Error::custom(format!("member {name:?} stands there twice")));
            }
            let value = map.next_value_seed(inner)?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

/// The methods of a visitor that do as [`Strict`] does at a depth.
macro_rules! as_strict {
    ($depth:literal) => {
        type Value = Value;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("JSON")
        }
        fn visit_bool<E: de::Error>(self, v: bool) -> Result<Value, E> {
            Strict { depth: $depth }.visit_bool(v)
        }
        fn visit_i64<E: de::Error>(self, v: i64) -> Result<Value, E> {
            Strict { depth: $depth }.visit_i64(v)
        }
        fn visit_u64<E: de::Error>(self, v: u64) -> Result<Value, E> {
            Strict { depth: $depth }.visit_u64(v)
        }
        fn visit_f64<E: de::Error>(self, v: f64) -> Result<Value, E> {
            Strict { depth: $depth }.visit_f64(v)
        }
        fn visit_str<E: de::Error>(self, v: &str) -> Result<Value, E> {
            Strict { depth: $depth }.visit_str(v)
        }
        fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
            Ok(Value::Null)
        }
    };
}

/// Reads the object that holds the list.
struct Holder<'a> {
    list: &'a str,
    each: &'a mut dyn FnMut(Value),
    found: &'a mut bool,
}

impl<'de> DeserializeSeed<'de> for Holder<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Holder<'_> {
    as_strict!(0);

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Value, A::Error> {
        Strict { depth: 0 }.visit_seq(seq)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let name = plain(&name)?;
            if object.contains_key(&name) || *self.found && name == self.list {
                return Err(de::Error::custom(format!("member {name:?} stands there twice")));
            }
            if name == self.list {
                let value = map.next_value_seed(Elements { each: &mut *self.each, found: &mut *self.found })?;
                if !*self.found {
                    object.insert(name, value);
                }
            } else {
                object.insert(name, map.next_value_seed(Strict { depth: 1 })?);
            }
        }
        Ok(Value::Object(object))
    }
}

/// Reads the list.
struct Elements<'a> {
    each: &'a mut dyn FnMut(Value),
    found: &'a mut bool,
}

impl<'de> DeserializeSeed<'de> for Elements<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Elements<'_> {
    as_strict!(1);

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        *self.found = true;
        while let Some(value) = seq.next_element_seed(Strict { depth: 2 })? {
            (self.each)(value);
        }
        Ok(Value::Null)
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        Strict { depth: 1 }.visit_map(map)
    }
}

/// JSON merge patch (RFC 7396): `patch` laid over `target`; `null` takes a member away.
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (name, patch) in patch {
        match patch {
            Value::Null => drop(target.remove(name)),
            patch => merge(target.entry(name).or_insert(Value::Null), patch),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn refuses_what_two_parsers_could_read_differently() {
        let deep = format!("{}{}", "[".repeat(33), "]".repeat(33));
        for text in [
            "{\"a\":1,\"a\":2}",
            "\"\\u0000\"",
            "\"\\u009f\"",
            "\u{feff}1",
            "1 2",
            "\"\\ud800\"",
            "1e400",
            "9223372036854775808",
            deep.as_str(),
            "",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse(b"\"\xff\"").is_err());
    }

    /// The cases of RFC 7396, appendix A.
    #[test]
    fn merges_as_the_standard_shows() {
        for (target, patch, wanted) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a": "b"}), json!(["c"]), json!(["c"])),
            (json!({"a": "foo"}), json!(null), json!(null)),
            (json!({"a": "foo"}), json!("bar"), json!("bar")),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            let mut merged = target.clone();
            merge(&mut merged, &patch);
            assert_eq!(merged, wanted, "{patch} over {target}");
        }
    }

    #[test]
    fn brings_text_to_nfc_and_whole_floats_to_integers() {
        assert_eq!(parse("\"e\u{301}\"".as_bytes()), Ok(Value::String("é".into())));
        assert_eq!(parse(b"60.0"), Ok(Value::from(60)));
        assert_eq!(parse(b"-0"), Ok(Value::from(0)));
        assert!(parse(format!("{}{}", "[".repeat(32), "]".repeat(32)).as_bytes()).is_ok());
    }

    #[test]
    fn a_long_list_is_handed_over_element_by_element_and_read_as_strictly() {
        let read = |text: &str| {
            let mut rows = Vec::new();
            parse_list(text.as_bytes(), "rows", &mut |row| rows.push(row)).map(|(rest, found)| (rest, found, rows))
        };
        let (rest, found, rows) = read(r#"{"mode": "x", "rows": [{"a": 1.0}, [], null], "more": [1]}"#).unwrap();
        assert_eq!((rest, found, rows), (json!({"mode": "x", "more": [1]}), true, vec![json!({"a": 1}), json!([]), json!(null)]));
        assert_eq!(read(r#"{"rows": {"a": 1}}"#).unwrap(), (json!({"rows": {"a": 1}}), false, vec![]));
        assert_eq!(read("[1]").unwrap(), (json!([1]), false, vec![]));
        assert_eq!(read("7").unwrap(), (json!(7), false, vec![]));
        for wrong in [
            r#"{"rows": [], "rows": []}"#,
            r#"{"rows": 1, "rows": []}"#,
            r#"{"rows": [{"a": 1, "a": 1}]}"#,
            r#"{"rows": [1,]}"#,
            r#"{"rows": []} 1"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        for depth in [MAX_DEPTH - 2, MAX_DEPTH - 1] {
            let text = format!(r#"{{"rows": [{}{}]}}"#, "[".repeat(depth), "]".repeat(depth));
            assert_eq!(read(&text).is_ok(), parse(text.as_bytes()).is_ok(), "{depth}");
        }
    }
}
