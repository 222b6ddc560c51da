"""The whole tree, frozen. With nothing configured it is a paper desk on a simulated market.

``Settings(...)`` takes values only: it reads no file and no environment by itself, so that a test
or a rehearsal builds exactly what it says. ``config.load`` does the reading.
"""

import re
from collections.abc import Mapping

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config.sections import (
    AlertSettings,
    AppSettings,
    DatabaseSettings,
    DigestSettings,
    HealthSettings,
    ScheduleSettings,
    StrategySettings,
    TradingSettings,
)
from config.services import (
    LlmSettings,
    RankingsSettings,
    TelegramSettings,
    VenueSettings,
)
from engine.checks.policy import ApprovalPolicy, AutomationPolicy
from engine.costs.policy import CostPolicy
from engine.domain.errors import ConfigurationError
from engine.domain.values import require
from engine.fills.policy import FillPolicy
from engine.market.policy import MarketPolicy
from engine.risk.policy import RiskPolicy
from engine.strategy.policy import ExitPolicy, TradingPolicy

SIMULATED_VENUE = "sim"

# An environment variable must be able to name a venue, and `__` is what separates its parts.
_VENUE_NAME = re.compile(r"[a-z](?:_?[a-z0-9])*")


def _simulated_desk() -> dict[str, VenueSettings]:
    return {SIMULATED_VENUE: VenueSettings(kind="simulated")}


class Settings(BaseSettings):
    """Everything a person may set, by section."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    app: AppSettings = Field(default_factory=AppSettings)
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    venues: dict[str, VenueSettings] = Field(
        default_factory=_simulated_desk,
        description="Trading venues by name; the first is traded on. Without any: a simulation.",
    )
    rankings: RankingsSettings = Field(default_factory=RankingsSettings)
    telegram: TelegramSettings = Field(default_factory=TelegramSettings)
    llm: LlmSettings = Field(default_factory=LlmSettings)
    trading: TradingSettings = Field(default_factory=TradingSettings)
    approval: ApprovalPolicy = Field(default_factory=ApprovalPolicy)
    risk: RiskPolicy = Field(default_factory=RiskPolicy)
    costs: CostPolicy = Field(default_factory=CostPolicy)
    automation: AutomationPolicy = Field(default_factory=AutomationPolicy)
    strategy: StrategySettings = Field(default_factory=StrategySettings)
    exits: ExitPolicy | None = Field(
        default=None,
        description="How positions are left; absent, as the strategy says; present, all of it.",
    )
    fills: FillPolicy = Field(default_factory=FillPolicy)
    market: MarketPolicy = Field(default_factory=MarketPolicy)
    alerts: AlertSettings = Field(default_factory=AlertSettings)
    digest: DigestSettings = Field(default_factory=DigestSettings)
    schedule: ScheduleSettings = Field(default_factory=ScheduleSettings)
    health: HealthSettings = Field(default_factory=HealthSettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic-settings passes it by name
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - see above
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - see above
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - see above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Values only; ``config.layers`` is the reader of files and environment."""
        return (init_settings,)

    @field_validator("venues")
    @classmethod
    def _named_venues(cls, venues: Mapping[str, VenueSettings]) -> Mapping[str, VenueSettings]:
        require(bool(venues), "venues", "at least one", "empty")
        for name in venues:
            require(
                bool(_VENUE_NAME.fullmatch(name)), "venue name", "small letters, digits and _", name
            )
        return venues

    @property
    def policy(self) -> TradingPolicy:
        """The owner's sections, as the engine takes them; entries and exits are the strategy's."""
        return TradingPolicy(
            risk=self.risk,
            costs=self.costs,
            automation=self.automation,
            approval=self.approval,
        )

    @property
    def venue_name(self) -> str:
        """The venue that is traded on. ``ConfigurationError`` if ``trading.venue`` names none."""
        name = self.trading.venue or next(iter(self.venues))
        self.venue(name)
        return name

    def venue(self, name: str) -> VenueSettings:
        """A venue by name; ``ConfigurationError`` for one that is not configured."""
        found = self.venues.get(name)
        if found is None:
            raise ConfigurationError(
                f"no venue {name!r} is configured; there are {', '.join(self.venues)}; "
                f"add a section [venues.{name}] to cryptotrader.toml"
            )
        return found
