//! The binary: reads the command line and hands over.
use clap::Parser;
use holdfast::cli::{Cli, Command};
use holdfast::cli::{backups, schema, service, tokens, verification};
use holdfast::store::clock;
use holdfast::{cli, config};
use std::process::ExitCode;

fn main() -> ExitCode {
    let environment = config::environment();
    let done = match Cli::parse().command {
        Command::Serve(flags) => service::run(&flags, &environment, false),
        Command::Demo(flags) => service::run(&flags, &environment, true),
        Command::Migrate(flags) => schema::migrate(&flags, &environment),
        Command::Backup(flags) => backups::backup(&flags, &environment),
        Command::Restore(flags) => backups::restore(&flags, &environment),
        Command::Rebuild(flags) => backups::rebuild(&flags, &environment),
        Command::AnchorKey(flags) => verification::anchor_key(&flags, &environment),
        Command::Verify(flags) => verification::verify(&flags, &environment),
        Command::LoadCatalogue(flags) => service::load_catalogue(&flags, &environment),
        Command::Openapi { output } => service::openapi(&output),
        Command::Token(arguments) => {
            tokens::token(&arguments, &environment, clock::now().seconds()).map(|token| println!("{token}"))
        }
        Command::Healthcheck(arguments) => cli::healthcheck(&arguments, &environment),
        Command::CheckConfig(flags) => service::check_config(&flags, &environment),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            eprintln!("holdfast: {cause}");
            ExitCode::FAILURE
        }
    }
}
