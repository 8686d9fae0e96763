//! The schema of the database, as it is changed from the command line.
use super::MigrateFlags;
use super::service::{Environment, load, quiet, start_logs, words};
use crate::config::{Config, Overrides};
use crate::server;
use crate::store;
use std::io::{IsTerminal, Write};

/// `holdfast migrate`.
pub fn migrate(flags: &MigrateFlags, environment: &Environment) -> Result<(), String> {
    let config = load(&Overrides::from(&flags.store), environment)?;
    let _logs = start_logs(&quiet())?;
    let _claim = store::claim(&config).map_err(words)?;
    if flags.revert {
        return revert(&config, flags.yes);
    }
    let done = store::migrate_up(&config, &*server::landscapes()).map_err(words)?;
    println!("{done} changes of the schema made");
    Ok(())
}

fn revert(config: &Config, yes: bool) -> Result<(), String> {
    let going = store::reversal(config).map_err(words)?;
    println!("The newest change of the schema is {}. To take it back loses for good:", going.change);
    going.losses.iter().for_each(|loss| println!("  {loss}"));
    if going.losses.is_empty() {
        println!("  nothing");
    }
    if !yes {
        confirm()?;
    }
    let change = store::migrate_down(config).map_err(words)?;
    println!("{change} was taken back");
    Ok(())
}

/// Asks whoever sits at the terminal.
fn confirm() -> Result<(), String> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        return Err("nothing was changed: there is nobody to ask; --yes does it without asking".into());
    }
    print!("Take it back? Type yes: ");
    let mut answer = String::new();
    std::io::stdout().flush().and_then(|()| input.read_line(&mut answer)).map_err(|error| error.to_string())?;
    if answer.trim() == "yes" { Ok(()) } else { Err("nothing was changed".into()) }
}
