//! Values of several members: ratings, money, the ratings of an impact assessment; and moments, which have many
//! spellings.

use super::{Is, World};
use crate::each;
use serde_json::{Value, json};

#[track_caller]
fn refused(world: &World, field: &super::Field, value: Value, faults: &[(&str, &str)]) {
    let draft = world.minimal_with(field, value);
    let before = world.snapshot();
    let answer = world.api.post(&world.path(), &draft);
    let faults: Vec<(String, &str)> = faults.iter().map(|(tail, code)| (field.pointer() + tail, *code)).collect();
    let faults: Vec<(&str, &str)> = faults.iter().map(|(pointer, code)| (pointer.as_str(), *code)).collect();
    answer.invalid(&faults);
    assert_eq!(world.snapshot(), before, "a refused draft left a trace\n{}", answer.story());
}

fn fields(world: &World, such: fn(Is) -> bool) -> Vec<&'static super::Field> {
    let found: Vec<_> = world.spec.fields.iter().filter(|field| such(field.is)).collect();
    assert!(!found.is_empty(), "the collection has no such field");
    found
}

each! {
    where |kind| kind.has(|field| matches!(field.is, Is::Rating));

    fn a_rating_is_a_place_on_the_matrix_in_force(world) {
        for field in fields(world, |is| matches!(is, Is::Rating)) {
            for (likelihood, impact) in [(1, 1), (5, 5), (1, 5)] {
                let rating = json!({"likelihood": likelihood, "impact": impact});
                assert_eq!(world.create(&world.minimal_with(field, rating.clone()))[field.name], rating);
            }
            let wrong = [
                (json!({"likelihood": 0, "impact": 1}), "/likelihood", "out_of_range"),
                (json!({"likelihood": 1, "impact": 8}), "/impact", "out_of_range"),
                (json!({"likelihood": 6, "impact": 1}), "/likelihood", "out_of_range"),
                (json!({"likelihood": 1, "impact": 7}), "/impact", "out_of_range"),
                (json!({"likelihood": "1", "impact": 1}), "/likelihood", "wrong_type"),
                (json!({"likelihood": 1, "impact": 1.5}), "/impact", "wrong_type"),
                (json!({"likelihood": 1}), "/impact", "required"),
                (json!({"likelihood": 1, "impact": 1, "score": 1}), "/score", "unknown_field"),
            ];
            for (value, tail, code) in wrong {
                refused(world, field, value, &[(tail, code)]);
            }
            refused(world, field, json!({"likelihood": 6, "impact": 6}), &[("/likelihood", "out_of_range"), ("/impact", "out_of_range")]);
        }
    }

    fn a_patch_changes_one_member_of_a_rating(world) {
        for field in fields(world, |is| matches!(is, Is::Rating)) {
            let object = world.create(&world.minimal_with(field, json!({"likelihood": 2, "impact": 3})));
            let path = world.at(&object);
            let patched = world.api.patch(&path, &json!({field.name: {"impact": 5}})).expect(200).json();
            assert_eq!(patched[field.name], json!({"likelihood": 2, "impact": 5}));
            let wrong = world.api.patch(&path, &json!({field.name: {"impact": 6}}));
            wrong.invalid(&[(&format!("/{}/impact", field.name), "out_of_range")]);
            let less = world.api.patch(&path, &json!({field.name: {"impact": null}}));
            less.invalid(&[(&format!("/{}/impact", field.name), "required")]);
            assert_eq!(world.read(&object), patched);
        }
    }

    fn a_rate_and_a_loss_stand_together(world) {
        let loss = json!({"amount": "10.00", "currency": "EUR"});
        let mut draft = world.minimal();
        draft["single_loss"] = loss.clone();
        world.api.post(&world.path(), &draft).invalid(&[("/yearly_rate", "inconsistent")]);
        draft["yearly_rate"] = json!(0.5);
        let object = world.create(&draft);
        assert_eq!(object["annual_loss_expectancy"], json!({"amount": "5.00", "currency": "EUR"}));
        draft["single_loss"] = Value::Null;
        world.api.post(&world.path(), &draft).invalid(&[("/single_loss", "inconsistent")]);
        let patch = |change: Value| world.api.patch(&world.at(&object), &change);
        patch(json!({"single_loss": null})).invalid(&[("/single_loss", "inconsistent")]);
        patch(json!({"yearly_rate": null})).invalid(&[("/yearly_rate", "inconsistent")]);
        let neither = patch(json!({"yearly_rate": null, "single_loss": null})).expect(200).json();
        assert_eq!(neither["annual_loss_expectancy"], Value::Null);
    }
}

each! {
    where |kind| kind.has(|field| matches!(field.is, Is::Money));

    fn money_is_an_amount_in_a_currency(world) {
        for field in fields(world, |is| matches!(is, Is::Money)) {
            for amount in ["0", "12.50", "0.0001", "999999999999999.9999"] {
                let money = json!({"amount": amount, "currency": "EUR"});
                let object = world.create(&world.minimal_with(field, money.clone()));
                assert_eq!(object[field.name], money, "an amount is kept digit by digit");
            }
            for amount in ["-1", "1,50", "1.", ".5", "1.00000", "1e3", " 1", "9999999999999999"] {
                refused(world, field, json!({"amount": amount, "currency": "EUR"}), &[("/amount", "bad_format")]);
            }
            for (currency, code) in [("eur", "bad_format"), ("EU", "too_short"), ("EURO", "too_long"), ("€€€", "bad_format")] {
                refused(world, field, json!({"amount": "1", "currency": currency}), &[("/currency", code)]);
            }
            refused(world, field, json!({"amount": 12.5, "currency": "EUR"}), &[("/amount", "wrong_type")]);
            refused(world, field, json!({"amount": "1"}), &[("/currency", "required")]);
            refused(world, field, json!({}), &[("/amount", "required"), ("/currency", "required")]);
            refused(world, field, json!({"amount": "1", "currency": "EUR", "rate": 1}), &[("/rate", "unknown_field")]);
        }
    }
}

each! {
    where |kind| kind.has(|field| matches!(field.is, Is::ImpactRatings));

    fn an_interruption_is_rated_once_for_each_category_and_time(world) {
        let one = |category: &str, after: i64, level: i64| json!({"category": category, "after_seconds": after, "level": level});
        let field = world.spec.field("ratings").expect("it has ratings");
        let good = json!([one("legal", 3600, 2), one("legal", 60, 2), one("customer", 3600, 0), one("legal", 7200, 4)]);
        assert_eq!(world.create(&world.minimal_with(field, good.clone()))["ratings"], good);
        refused(world, field, json!([one("legal", 60, 1), one("legal", 60, 2)]), &[("/1", "duplicate")]);
        refused(world, field, json!([one("legal", 60, 3), one("legal", 3600, 2)]), &[("/1/level", "inconsistent")]);
        refused(world, field, json!([one("legal", 3600, 2), one("legal", 60, 3)]), &[("/0/level", "inconsistent")]);
    }
}

each! {
    once where |kind| kind.has(|field| matches!(field.is, Is::ImpactRatings));

    fn every_fault_of_a_rating_is_told_where_it_is(world) {
        let field = world.spec.field("ratings").expect("it has ratings");
        let with = |member: &str, value: Value| {
            let mut rating = json!({"category": "financial", "after_seconds": 60, "level": 2, "amount": "1.00", "currency": "EUR"});
            rating[member] = value;
            json!([{"category": "legal", "after_seconds": 0, "level": 0}, rating])
        };
        let wrong = [
            ("category", json!("comfort"), "not_allowed"),
            ("category", json!(7), "wrong_type"),
            ("after_seconds", json!(-1), "out_of_range"),
            ("after_seconds", json!(3_153_600_001_i64), "out_of_range"),
            ("level", json!(5), "out_of_range"),
            ("level", json!(-1), "out_of_range"),
            ("level", json!("2"), "wrong_type"),
            ("amount", json!("1,00"), "bad_format"),
            ("currency", json!("eur"), "bad_format"),
            ("currency", Value::Null, "inconsistent"),
            ("rationale", json!("x".repeat(1001)), "too_long"),
            ("nonsense", json!(1), "unknown_field"),
        ];
        for (member, value, code) in wrong {
            refused(world, field, with(member, value), &[(&format!("/1/{member}"), code)]);
        }
        refused(world, field, with("amount", Value::Null), &[("/1/currency", "inconsistent")]);
        refused(world, field, json!([{"category": "legal"}]), &[("/0/after_seconds", "required"), ("/0/level", "required")]);
        refused(world, field, json!(["x"]), &[("/0", "wrong_type")]);
    }
}

each! {
    where |kind| kind.has(|field| matches!(field.is, Is::Time(_)));

    fn a_moment_is_told_in_utc_whatever_zone_it_was_sent_in(world) {
        for field in fields(world, |is| matches!(is, Is::Time(_))) {
            let spellings = [
                ("2026-02-28T12:00:00+01:00", "2026-02-28T11:00:00.000000Z"),
                ("2026-02-28T11:00:00z", "2026-02-28T11:00:00.000000Z"),
                ("2026-03-01T00:30:00.25+14:00", "2026-02-28T10:30:00.250000Z"),
                ("2026-02-28T11:00:00.123456789Z", "2026-02-28T11:00:00.123456Z"),
                ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
            ];
            for (sent, told) in spellings {
                let object = world.create(&world.minimal_with(field, json!(sent)));
                assert_eq!(object[field.name], json!(told), "{}", field.name);
                assert_eq!(world.read(&object), object);
            }
        }
    }

    fn the_same_moment_in_another_zone_is_no_change(world) {
        for field in fields(world, |is| matches!(is, Is::Time(_))) {
            let mut draft = world.minimal_with(field, json!("2026-02-28T12:00:00+01:00"));
            let object = world.create(&draft);
            draft[field.name] = json!("2026-02-28T11:00:00Z");
            assert_eq!(world.api.put(&world.at(&object), &draft).expect(200).json(), object);
        }
    }
}

each! {
    where |kind| kind.path == "change-requests";

    fn a_change_does_not_end_before_it_starts(world) {
        let mut draft = world.minimal();
        draft["planned_start"] = json!("2027-02-06T20:00:00Z");
        draft["planned_end"] = json!("2027-02-06T20:59:59+01:00");
        world.api.post(&world.path(), &draft).invalid(&[("/planned_end", "inconsistent")]);
        draft["planned_end"] = draft["planned_start"].clone();
        world.create(&draft);
    }

    fn a_merged_row_creates_with_a_status_and_changes_none(world) {
        let row = json!({"op": "merge", "kind": world.spec.kind, "id": "ref:itsm:1", "data": {"title": "Raise it", "status": "submitted"}});
        let merge = |row: &Value| world.api.post("/batch", &json!({"rows": [row]}));
        merge(&row).expect(200);
        let object = world.api.get(&world.spelled("ref:itsm:1")).expect(200).json();
        assert_eq!(object["status"], json!("submitted"));
        let mut closed = row.clone();
        closed["data"] = json!({"status": "closed"});
        merge(&closed).invalid(&[("/rows/0/data/status", "read_only")]);
        closed["op"] = json!("upsert");
        closed["data"]["title"] = json!("Raise it");
        merge(&closed).expect(200);
        assert_eq!(world.read(&object)["status"], json!("closed"));
    }
}
