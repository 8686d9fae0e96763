use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The least amount with more than 15 digits before the point.
const MAX: Decimal = Decimal::from_parts(0xA4C6_8000, 0x0003_8D7E, 0, false, 0);

/// An amount of money. The amount is text, so that no program rounds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Money {
    /// Up to 15 digits before the point and 4 behind it.
    #[schema(max_length = 20, pattern = "^[0-9]{1,15}([.][0-9]{1,4})?$", example = "12.50")]
    pub amount: String,
    /// ISO 4217.
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: String,
}

impl Money {
    /// So many times the amount, rounded to the hundredth; `None` when that is too much to be told.
    pub fn times(&self, factor: f64) -> Option<Money> {
        let product = self.amount.parse::<Decimal>().ok()?.checked_mul(Decimal::from_f64_retain(factor)?)?;
        // What an amount of money may not be is not told as one.
        let rounded = product.round_dp(2);
        (rounded < MAX).then(|| Money { amount: format!("{rounded:.2}"), currency: self.currency.clone() })
    }
}

impl Money {
    /// The sum of amounts of one currency, to the digits they have. What cannot be read counts for nothing: amounts are
    /// checked when they are written.
    pub fn sum<'a>(amounts: impl Iterator<Item = &'a str>) -> String {
        let all = amounts.filter_map(|amount| amount.parse::<Decimal>().ok());
        all.fold(Decimal::ZERO, |sum, amount| sum.checked_add(amount).unwrap_or(Decimal::MAX)).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yearly_loss_is_rounded_to_the_hundredth() {
        let loss = Money { amount: "120000.50".into(), currency: "EUR".into() };
        assert_eq!(loss.times(0.25).map(|m| m.amount).as_deref(), Some("30000.12"));
        assert_eq!(loss.times(0.1).map(|m| m.amount).as_deref(), Some("12000.05"));
        assert_eq!(loss.times(f64::INFINITY), None);
        assert_eq!(MAX.to_string(), "1000000000000000");
        let most = Money { amount: "999999999999999.99".into(), currency: "EUR".into() };
        assert_eq!(most.times(1.0), Some(most.clone()));
        assert_eq!(most.times(1.01), None);
    }
}
