//! How the model writes the orders of one kind: resolved, checked, held against each other, applied.

use super::kinds::{Shape, defaults};
use super::model::{Entry, Fields, Model, Number, Object, link};
use super::orders::{Common, Fault, Order, Outcome, reference};
use super::rules;
use serde_json::{Value, json};
use std::collections::BTreeMap;

impl Model {
    pub(super) fn write(&mut self, shape: &'static Shape, orders: &mut [Order], common: &mut Common) {
        self.settle_drafts(shape, orders, common);
        for order in orders.iter_mut().filter(|order| order.writes(shape)) {
            self.number_key(shape, &mut order.fields);
        }
        let faults: Vec<(usize, Fault)> = self.conflicts(shape, orders);
        let mut lost: Vec<Number> = Vec::new();
        for (index, fault) in faults {
            orders[index].fail(fault);
            lost.push(orders[index].number);
        }
        // Whoever points to what will never be cannot be either.
        while let Some(number) = lost.pop() {
            common.forget(number);
            for order in orders.iter_mut().filter(|order| order.writes(shape)) {
                let leans = order.leans.iter().filter(|(_, to)| *to == number);
                let errors: Vec<_> = leans.map(|(field, _)| (format!("/{field}"), "unknown_reference".to_owned())).collect();
                if !errors.is_empty() {
                    order.fail(Fault::invalid(errors));
                    lost.push(order.number);
                }
            }
        }
        self.apply(shape, orders, common);
    }

    /// Resolves and checks until nobody points any more to somebody who failed.
    fn settle_drafts(&mut self, shape: &'static Shape, orders: &mut [Order], common: &mut Common) {
        loop {
            let mut lost = Vec::new();
            for order in orders.iter_mut().filter(|order| order.writes(shape)) {
                let mut faults = Vec::new();
                let said = order.addressed(self, &mut faults);
                let well_formed = faults.is_empty();
                (order.fields, order.leans) = self.resolved(shape, said, common, &mut faults);
                if well_formed {
                    check(shape, &order.fields, &mut faults);
                }
                if !faults.is_empty() {
                    order.fail(Fault::invalid(faults));
                    lost.push(order.number);
                }
            }
            lost.iter().for_each(|number| common.forget(*number));
            if lost.is_empty() {
                return;
            }
        }
    }

    /// The whole object with its links resolved; what cannot be resolved stays as it is spelled.
    fn resolved(
        &self,
        shape: &Shape,
        said: Fields,
        common: &Common,
        faults: &mut Vec<(String, String)>,
    ) -> (Fields, Vec<(&'static str, Number)>) {
        let mut leans = Vec::new();
        let Value::Object(mut fields) = defaults(shape.kind) else { return (said, leans) };
        fields.extend(said);
        let mut tags: Vec<String> = serde_json::from_value(fields["tags"].clone()).unwrap_or_default();
        tags.sort();
        fields.insert("tags".into(), json!(tags));
        for (field, kinds) in shape.links {
            let Some(value) = fields.get(*field).filter(|value| !value.is_null()) else { continue };
            let spelling = value.as_str().or_else(|| value["id"].as_str()).unwrap_or_default();
            let wanted: Vec<&str> =
                kinds.iter().copied().filter(|kind| value.get("kind").is_none_or(|own| own == kind)).collect();
            let mut all = self.find(&wanted, spelling);
            all.retain(|number| !common.doomed.contains(number));
            let there = all.clone();
            let known = common.known.get(spelling).into_iter().flatten();
            all.extend(known.filter(|(kind, _)| wanted.contains(kind)).map(|(_, number)| *number));
            all.sort_unstable();
            all.dedup();
            match all[..] {
                [number] => {
                    if !there.contains(&number) {
                        leans.push((*field, number));
                    }
                    fields.insert((*field).into(), json!({"#": number}));
                }
                [] => faults.push((format!("/{field}"), "unknown_reference".into())),
                _ => faults.push((format!("/{field}"), "ambiguous_reference".into())),
            }
        }
        (fields, leans)
    }

    fn number_key(&mut self, shape: &Shape, fields: &mut Fields) {
        let last = self.last.entry(shape.kind).or_default();
        let key = fields.entry("key").or_insert_with(|| json!(format!("{}-{}", shape.prefix, *last + 1)));
        let number = key.as_str().and_then(|key| key.strip_prefix(shape.prefix)?.strip_prefix('-')?.parse().ok());
        *last = (*last).max(number.unwrap_or(0));
        if fields.get("redundancy_group").is_some_and(|group| !group.is_null()) && fields["required"].is_null() {
            fields.insert("required".into(), json!(1));
        }
    }

    /// What contradicts another object, there or to be.
    fn conflicts(&self, shape: &Shape, orders: &[Order]) -> Vec<(usize, Fault)> {
        let writing: Vec<usize> = (0..orders.len()).filter(|index| orders[*index].writes(shape)).collect();
        let claims: Vec<Vec<String>> = writing.iter().map(|index| self.claims(&orders[*index])).collect();
        let mut faults: BTreeMap<usize, Fault> = BTreeMap::new();
        for (place, index) in writing.iter().enumerate() {
            let order = &orders[*index];
            let taken = |spelling: &String| {
                let there = self.find(&[shape.kind], spelling).iter().any(|number| *number != order.number);
                // Of several that want the same the first gets it.
                let first = |other: &usize| !faults.contains_key(&writing[*other]) && claims[*other].contains(spelling);
                there || (0..place).any(|other| first(&other))
            };
            let mut errors = Vec::new();
            let key = format!("key:{}", order.fields["key"].as_str().unwrap_or_default());
            if claims.iter().flatten().any(|claim| *claim == key) && taken(&key) {
                errors.push(("/key".to_owned(), "key_taken".to_owned()));
            }
            for (at, one) in order.fields["external_refs"].as_array().into_iter().flatten().enumerate() {
                let claimed = claims.iter().flatten().any(|claim| *claim == reference(one));
                if claimed && taken(&reference(one)) {
                    errors.push((format!("/external_refs/{at}"), "external_ref_taken".to_owned()));
                }
            }
            if let Some((_, code)) = errors.first() {
                let code = if code == "key_taken" { "key_taken" } else { "external_ref_taken" };
                faults.insert(*index, Fault { status: 409, code, errors });
            }
        }
        let planned: Vec<usize> = writing.into_iter().filter(|index| !faults.contains_key(index)).collect();
        faults.extend(rules::broken(self, shape, orders.iter().map(|order| (order.number, &order.fields)).collect(), &planned));
        faults.into_iter().collect()
    }

    /// The key and references that an order newly takes.
    fn claims(&self, order: &Order) -> Vec<String> {
        let old = order.old.map(|old| &self.objects[&old]);
        let mut all = vec![format!("key:{}", order.fields["key"].as_str().unwrap_or_default())];
        all.extend(order.fields["external_refs"].as_array().into_iter().flatten().map(reference));
        all.retain(|spelling| !old.is_some_and(|old| old.is(order.number, spelling)));
        all
    }

    fn apply(&mut self, shape: &'static Shape, orders: &mut [Order], common: &mut Common) {
        let mut numbers: BTreeMap<Number, Number> = BTreeMap::new();
        for order in orders.iter_mut().filter(|order| order.writes(shape) && order.old.is_none()) {
            self.created += 1;
            numbers.insert(order.number, self.created);
            common.rename(order.number, self.created);
            order.number = self.created;
        }
        for order in orders.iter_mut().filter(|order| order.writes(shape)) {
            for value in order.fields.values_mut() {
                if let Some(number) = link(value).and_then(|number| numbers.get(&number)) {
                    *value = json!({"#": number});
                }
            }
            let old = order.old.map(|old| self.objects[&old].clone());
            if let Some(old) = old.as_ref().filter(|old| old.fields == order.fields) {
                order.outcome = Outcome::Done("unchanged", old.version);
                continue;
            }
            let operation = if old.is_none() { "created" } else { "updated" };
            let version = old.map_or(1, |old| old.version + 1);
            let object = Object { shape, fields: order.fields.clone(), version, touched: self.requests };
            let (kind, key) = (shape.kind, object.key().to_owned());
            self.objects.insert(order.number, object.clone());
            self.ledger.push(Entry { number: order.number, kind, key, version, operation, object: Some(object) });
            order.outcome = Outcome::Done(operation, version);
        }
    }
}

/// The rules an object has to obey on its own.
fn check(shape: &Shape, fields: &Fields, faults: &mut Vec<(String, String)>) {
    let mut inconsistent = |field: &str| faults.push((field.to_owned(), "inconsistent".to_owned()));
    if shape.kind == "mapping" {
        let spelled = |field: &str| fields[field].get("id").unwrap_or(&fields[field]).clone();
        if spelled("dependent") == spelled("provider") {
            inconsistent("/provider");
        }
        if !fields["required"].is_null() && fields["redundancy_group"].is_null() {
            inconsistent("/required");
        }
    }
}
