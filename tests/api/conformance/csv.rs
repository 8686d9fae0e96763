//! The same lists as CSV, for people with a spreadsheet.

use super::World;
use crate::each;
use crate::support::Answer;
use serde_json::{Value, json};
use std::collections::HashMap;

fn csv(world: &World, query: &str) -> Answer {
    world.api.call("GET", &world.listing(query)).header("Accept", "text/csv").send().expect(200)
}

fn rows(answer: &Answer) -> Vec<HashMap<String, String>> {
    let media = answer.needed_header("content-type");
    assert!(media.starts_with("text/csv"), "{media}");
    let mut reader = csv::Reader::from_reader(answer.reply.body.as_slice());
    reader.deserialize().map(|row| row.unwrap_or_else(|error| panic!("{error}\n{}", answer.story()))).collect()
}

each! {
    once;

    fn a_list_as_csv_has_the_same_objects_in_the_same_order(world) {
        world.create(&world.full());
        world.create_many(3, |n, draft| draft["description"] = json!(format!("one, \"two\"\n{n}")));
        let rows = rows(&csv(world, "sort=key"));
        let items = world.list("sort=key").expect(200).items();
        assert_eq!(rows.len(), items.len());
        for (row, item) in rows.iter().zip(&items) {
            for member in ["id", "key", "created_at", "created_by"] {
                assert_eq!(Some(row[member].as_str()), item[member].as_str(), "{member}");
            }
            assert_eq!(row["description"], item["description"].as_str().unwrap_or_default());
            assert_eq!(row["version"], item["version"].to_string());
        }
    }

    fn csv_has_only_the_columns_asked_for_in_that_order(world) {
        world.create_minimal();
        let answer = csv(world, "fields=key,id");
        assert_eq!(answer.text().lines().next(), Some("\"key\",\"id\""), "{}", answer.story());
    }

    fn an_empty_list_as_csv_still_has_its_header(world) {
        let answer = csv(world, "key=nobody");
        let text = answer.text();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.split(',').any(|name| name.trim() == format!("\"{}\"", world.spec.label)), "{text}");
    }

    fn no_cell_of_a_csv_is_a_formula(world) {
        let dangerous = [
            "=1+1", "+49 30", "-2", "@SUM(A1)", "=HYPERLINK(\"x\")", "=cmd|' /C calc'!A0", "＝1+1", "＋1", "－2", "＠SUM(A1)",
        ];
        world.create_many(dangerous.len(), |n, draft| {
            draft[world.spec.label] = json!(dangerous[n]);
            draft["description"] = json!(dangerous[n]);
            draft["tags"] = json!([dangerous[n]]);
        });
        for row in rows(&csv(world, "")) {
            for (column, cell) in &row {
                assert!(!cell.starts_with(['=', '+', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n']), "{column}: {cell}");
            }
            for column in [world.spec.label, "description"] {
                assert!(!row[column].starts_with('-'), "{column}: {}", row[column]);
                let bare = row[column].trim_start_matches('\'');
                assert!(dangerous.contains(&bare), "{column} lost its text: {bare}");
            }
        }
    }

    fn every_cell_of_a_csv_is_quoted(world) {
        world.create_many(2, |n, draft| draft["description"] = json!(["\n=1+1", "\t=1+1"][n]));
        let answer = csv(world, "fields=description,tags");
        for cells in ["\"'\n=1+1\",\"[]\"\n", "\"'\t=1+1\",\"[]\"\n"] {
            assert!(answer.text().contains(cells), "{}", answer.story());
        }
    }

    fn csv_pages_as_json_does(world) {
        world.create_many(5, |_, _| ());
        let first = csv(world, "limit=2&sort=key");
        assert_eq!(rows(&first).len(), 2);
        assert!(first.needed_header("link").contains("next"));
        let by_filter: Vec<Value> = world.list("limit=2&sort=key").expect(200).items();
        assert_eq!(rows(&first)[1]["id"], by_filter[1]["id"]);
    }
}
