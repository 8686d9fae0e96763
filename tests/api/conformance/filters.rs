//! Filters: each field that may be filtered by, and what all collections share.

use super::{Field, Is, World};
use crate::each;
use crate::support::client::encode;
use serde_json::{Value, json};
use std::collections::HashSet;

fn ids(objects: &[&Value]) -> HashSet<String> {
    objects.iter().map(|object| object["id"].as_str().expect("an id").to_owned()).collect()
}

#[track_caller]
fn gives(world: &World, query: &str, objects: &[&Value]) {
    let answer = world.list(&format!("limit=500&{query}")).expect(200);
    let found: HashSet<String> = answer.each("id").into_iter().collect();
    assert_eq!(found, ids(objects), "{query}\n{}", answer.story());
}

fn filtered(world: &World) -> impl Iterator<Item = &'static Field> {
    world.spec.fields.iter().filter(|field| field.filter.is_some())
}

fn with(world: &World, field: &Field, value: Value) -> Value {
    world.create(&world.minimal_with(field, value))
}

each! {
    fn a_choice_is_filtered_by_one_or_several_of_its_words(world) {
        for field in filtered(world) {
            let Is::Choice(words) = field.is else { continue };
            let (a, b) = (with(world, field, json!(words[0])), with(world, field, json!(words[1])));
            let own = |query: &str, objects: &[&Value]| {
                let keys = [&a, &b].map(|object| object["key"].as_str().expect("a key")).join(",");
                let both = format!("{query}&key={keys}");
                gives(world, &both, objects);
            };
            own(&format!("{}={}", field.name, words[0]), &[&a]);
            own(&format!("{}={}", field.name, words[1]), &[&b]);
            own(&format!("{}={},{}", field.name, words[0], words[1]), &[&a, &b]);
            own(&format!("{}[ne]={}", field.name, words[0]), &[&b]);
            for wrong in ["nonsense", "", &format!("{},nonsense", words[0])] {
                world.list(&format!("{}={wrong}", field.name)).refused(400, "invalid_parameter");
            }
        }
    }

    fn names_and_keys_are_filtered_by_whole(world) {
        let label = world.spec.label;
        let a = world.create_many(1, |_, draft| draft[label] = json!("Zahlungen, alle")).remove(0);
        let b = world.create_many(1, |_, draft| draft[label] = json!("Zahlungen")).remove(0);
        let key = |object: &Value| object["key"].as_str().expect("a key").to_owned();
        gives(world, &format!("{label}=Zahlungen"), &[&b]);
        gives(world, &format!("key={}", key(&a)), &[&a]);
        gives(world, &format!("key={},{}", key(&a), key(&b)), &[&a, &b]);
        gives(world, &format!("key={}&{label}=Zahlungen", key(&a)), &[]);
        gives(world, &format!("{label}=%25"), &[]);
    }

    fn tags_are_filtered_by(world) {
        let tagged = |tags: Value| world.create_many(1, |_, draft| draft["tags"] = tags.clone()).remove(0);
        let (a, b, _) = (tagged(json!(["red", "pci"])), tagged(json!(["pci"])), tagged(json!([])));
        gives(world, "tag=pci", &[&a, &b]);
        gives(world, "tag=red", &[&a]);
        gives(world, "tag=re", &[]);
        gives(world, "tag=%25", &[]);
        gives(world, "tag=RED", &[]);
    }

    fn external_refs_are_filtered_by(world) {
        let with_ref = |id: &str| {
            let refs = json!([{"system": "netbox", "id": id}]);
            world.create_many(1, |_, draft| draft["external_refs"] = refs.clone()).remove(0)
        };
        let (a, b) = (with_ref("dcim.device/1"), with_ref("sys:with:colons"));
        gives(world, &format!("external_ref={}", encode("netbox:dcim.device/1")), &[&a]);
        gives(world, &format!("external_ref={}", encode("netbox:sys:with:colons")), &[&b]);
        gives(world, &format!("external_ref={}", encode("other:dcim.device/1")), &[]);
    }

    fn words_are_searched_without_regard_to_case(world) {
        let named = |name: &str| world.create_many(1, |_, draft| draft[world.spec.label] = json!(name)).remove(0);
        let (a, b) = (named("Payment gateway north"), named("payment switch"));
        gives(world, "q=payment", &[&a, &b]);
        gives(world, "q=PAYMENT%20north", &[&a]);
        gives(world, "q=north%20payment", &[&a]);
        gives(world, "q=pay%25gateway", &[]);
        gives(world, "q=payment_gateway", &[]);
        gives(world, "q=nobody", &[]);
    }
}

each! {
    where |kind| kind.can.change;

    fn changes_since_a_time_are_found(world) {
        let a = world.create_many(1, |_, _| ()).remove(0);
        let b = world.create_many(1, |_, _| ()).remove(0);
        let a = world.api.patch(&world.at(&a), &json!({"description": "later"})).expect(200).json();
        let since = |object: &Value| format!("updated_since={}", encode(object["updated_at"].as_str().expect("a time")));
        gives(world, &since(&a), &[&a]);
        gives(world, &since(&b), &[&a, &b]);
        gives(world, "updated_since=2999-01-01T00:00:00Z", &[]);
        for wrong in ["yesterday", "", "2026-02-30T00:00:00Z", "12"] {
            world.list(&format!("updated_since={wrong}")).refused(400, "invalid_parameter");
        }
    }
}

each! {
    where |kind| kind.has(|field| field.filter.is_some() && matches!(field.is, Is::Seconds(_)));

    fn durations_are_compared_and_zero_is_not_absent(world) {
        for field in filtered(world) {
            if !matches!(field.is, Is::Seconds(_)) {
                continue;
            }
            let name = field.name;
            let own = world.elsewhere();
            let zero = with(&own, field, json!(0));
            let sixty = with(&own, field, json!(60));
            let hour = with(&own, field, json!(3600));
            let absent = with(&own, field, Value::Null);
            gives(&own, &format!("{name}=0"), &[&zero]);
            gives(&own, &format!("{name}=0,3600"), &[&zero, &hour]);
            gives(&own, &format!("{name}[lt]=60"), &[&zero]);
            gives(&own, &format!("{name}[lte]=60"), &[&zero, &sixty]);
            gives(&own, &format!("{name}[gt]=60"), &[&hour]);
            gives(&own, &format!("{name}[gte]=60"), &[&sixty, &hour]);
            gives(&own, &format!("{name}[gte]=1&{name}[lt]=3600"), &[&sixty]);
            gives(&own, "", &[&zero, &sixty, &hour, &absent]);
            for wrong in ["abc", "", "1.5", "1e3", "99999999999999999999"] {
                own.list(&format!("{name}[lte]={wrong}")).refused(400, "invalid_parameter");
            }
        }
    }
}

each! {
    where |kind| kind.has(|field| field.filter.is_some() && matches!(field.is, Is::Reference(_)));

    fn a_reference_is_filtered_by_under_each_spelling(world) {
        for field in filtered(world) {
            let Is::Reference(collections) = field.is else { continue };
            for collection in collections {
                let target = world.referred(field, collection);
                let id = target["id"].as_str().expect("an id");
                let object = with(world, field, json!(id));
                let key = target["key"].as_str().expect("a key");
                let reference = target["external_refs"][0]["id"].as_str().expect("an id");
                for spelling in [id.to_owned(), format!("key:{key}"), format!("ref:cmdb:{reference}")] {
                    // A key may belong to several kinds where the field takes several.
                    let own = object["key"].as_str().expect("a key");
                    gives(world, &format!("{}={}&key={own}", field.name, encode(&spelling)), &[&object]);
                }
                for unknown in ["018f6c2e-0000-7000-8000-000000000000", "key:NOBODY", "ref:nowhere:1"] {
                    let answer = world.list(&format!("{}={unknown}", field.name));
                    answer.invalid(&[(field.name, "unknown_reference")]);
                }
            }
        }
    }
}

each! {
    where |kind| kind.has(|field| field.filter.is_some() && matches!(field.is, Is::Bool));

    fn yes_and_no_are_filtered_by(world) {
        for field in filtered(world) {
            if !matches!(field.is, Is::Bool) {
                continue;
            }
            let own = world.elsewhere();
            let (yes, no) = (with(&own, field, json!(true)), with(&own, field, json!(false)));
            gives(&own, &format!("{}=true", field.name), &[&yes]);
            gives(&own, &format!("{}=false", field.name), &[&no]);
            own.list(&format!("{}=1", field.name)).refused(400, "invalid_parameter");
        }
    }
}

each! {
    where |kind| kind.has(|field| field.filter.is_some() && matches!(field.is, Is::Date | Is::DayOf(_)));

    fn days_are_compared(world) {
        for field in filtered(world) {
            if !matches!(field.is, Is::Date | Is::DayOf(_)) {
                continue;
            }
            let own = world.elsewhere();
            let early = with(&own, field, json!("2026-02-28"));
            let late = with(&own, field, json!("2026-03-01"));
            if field.clears {
                with(&own, field, Value::Null);
            }
            gives(&own, &format!("{}[lte]=2026-02-28", field.name), &[&early]);
            gives(&own, &format!("{}[gt]=2026-02-28", field.name), &[&late]);
            gives(&own, &format!("{}=2026-03-01", field.name), &[&late]);
            own.list(&format!("{}[lt]=2026-02-30", field.name)).refused(400, "invalid_parameter");
        }
    }
}

each! {
    where |kind| kind.has(|field| field.filter.is_some() && matches!(field.is, Is::Time(_)));

    fn times_are_compared_to_the_microsecond_and_in_any_zone(world) {
        for field in filtered(world) {
            if !matches!(field.is, Is::Time(_)) {
                continue;
            }
            let (own, name) = (world.elsewhere(), field.name);
            let early = with(&own, field, json!("2026-02-28T11:00:00Z"));
            let late = with(&own, field, json!("2026-02-28T11:00:00.000001Z"));
            if field.clears {
                with(&own, field, Value::Null);
            }
            for noon in ["2026-02-28T11:00:00Z", "2026-02-28T12:00:00%2B01:00"] {
                gives(&own, &format!("{name}={noon}"), &[&early]);
                gives(&own, &format!("{name}[lte]={noon}"), &[&early]);
                gives(&own, &format!("{name}[lt]={noon}"), &[]);
                gives(&own, &format!("{name}[gt]={noon}"), &[&late]);
                gives(&own, &format!("{name}[gte]={noon}"), &[&early, &late]);
            }
            for wrong in ["2026-02-30T11:00:00Z", "2026-02-28", "", "noon"] {
                own.list(&format!("{name}[lt]={wrong}")).refused(400, "invalid_parameter");
            }
        }
    }
}

each! {
    where |kind| kind.has(|field| field.filter.is_some() && matches!(field.is, Is::Level));

    fn levels_are_compared(world) {
        for field in filtered(world) {
            if !matches!(field.is, Is::Level) {
                continue;
            }
            let (own, name) = (world.elsewhere(), field.name);
            let [one, two, four] = [1, 2, 4].map(|level| with(&own, field, json!(level)));
            // The draft has further levels; only one of the two differs.
            gives(&own, &format!("{name}=1,4"), &[&one, &four]);
            gives(&own, &format!("{name}[ne]=1"), &[&two, &four]);
            gives(&own, &format!("{name}[lt]=2"), &[&one]);
            gives(&own, &format!("{name}[gte]=2"), &[&two, &four]);
            own.list(&format!("{name}=1.5")).refused(400, "invalid_parameter");
        }
    }
}

each! {
    where |kind| kind.has(|field| field.filter.is_some() && matches!(field.is, Is::Line(_)));

    fn a_line_of_text_is_filtered_by_whole(world) {
        for field in filtered(world) {
            if !matches!(field.is, Is::Line(_)) {
                continue;
            }
            let (own, name) = (world.elsewhere(), field.name);
            let (long, short) = (with(&own, field, json!("Data centre north")), with(&own, field, json!("Data centre")));
            let absent = with(&own, field, Value::Null);
            gives(&own, &format!("{name}=Data%20centre"), &[&short]);
            gives(&own, &format!("{name}=data%20centre"), &[]);
            gives(&own, &format!("{name}=null"), &[&absent]);
            gives(&own, &format!("{name}[ne]=Data%20centre"), &[&long, &absent]);
        }
    }
}

each! {
    where |kind| kind.has(|field| field.filter.is_some() && matches!(field.is, Is::References(..)));

    fn a_list_is_filtered_by_what_it_holds(world) {
        for field in filtered(world) {
            let (Is::References(collection, _), Some(name)) = (field.is, field.filter) else { continue };
            let (own, target) = (world.elsewhere(), |own: &World| own.of(collection));
            let refs = json!([{"system": "cmdb", "id": "a/b:1"}]);
            let x = target(&own).create_many(1, |_, draft| draft["external_refs"] = refs.clone()).remove(0);
            let y = own.make(collection);
            let unused = own.make(collection);
            let holding = |held: &[&Value]| {
                let held: Value = held.iter().map(|one| one["id"].clone()).collect();
                with(&own, field, held)
            };
            let (only_x, both, only_y, empty) = (holding(&[&x]), holding(&[&y, &x]), holding(&[&y]), holding(&[]));
            let id = |object: &Value| object["id"].as_str().expect("an id").to_owned();
            let key = format!("key:{}", y["key"].as_str().expect("a key"));
            for spelling in [id(&x), "ref:cmdb:a/b:1".to_owned(), format!("key:{}", x["key"].as_str().expect("a key"))] {
                gives(&own, &format!("{name}={}", encode(&spelling)), &[&only_x, &both]);
                gives(&own, &format!("{name}={},{key}", encode(&spelling)), &[&only_x, &both, &only_y]);
            }
            gives(&own, &format!("{name}={}", id(&unused)), &[]);
            gives(&own, &format!("{name}=null"), &[&empty]);
            gives(&own, &format!("{name}=null,{key}"), &[&empty, &both, &only_y]);
            gives(&own, &format!("{name}={}&as_of={}", id(&x), own.seq()), &[&only_x, &both]);
            gives(&own, &format!("{name}=null&as_of={}", own.seq()), &[&empty]);
            let stranger = own.make(if collection == "sites" { "contacts" } else { "sites" });
            for unknown in ["018f6c2e-0000-7000-8000-000000000000", "key:NOBODY", "ref:nowhere:1", &id(&stranger)] {
                own.list(&format!("{name}={unknown}")).invalid(&[(name, "unknown_reference")]);
                own.list(&format!("{name}={},{unknown}", id(&x))).invalid(&[(name, "unknown_reference")]);
            }
            own.list(&format!("{name}=nonsense")).refused(400, "invalid_parameter");
            own.list(&format!("{}=null", field.name)).refused(400, "unknown_parameter");
            own.list(&format!("{name}[ne]={}", id(&x))).refused(400, "unknown_parameter");
        }
    }
}
