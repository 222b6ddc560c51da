"""What the settings say about delivery, as the desk takes it."""

from config import Settings
from engine.domain.delivery import DeliveryPolicy, Loudness, MessageType, QuietHours

_NAMES = {
    MessageType.FAILURE: "failures",
    MessageType.QUESTION: "questions",
    MessageType.REMINDER: "reminders",
    MessageType.FILL: "fills",
    MessageType.CLOSE: "closes",
    MessageType.OPPORTUNITY: "opportunities",
    MessageType.ALERT: "alerts",
    MessageType.RESEARCH: "research",
    MessageType.HEARTBEAT: "heartbeat",
    MessageType.DIGEST: "digest",
}


def delivery_policy(settings: Settings) -> DeliveryPolicy:
    """Defaults of loudness and quiet hours, the digest's hour, the owner's zone."""
    alerts, digest = settings.alerts, settings.digest
    start, end = alerts.quiet_from, alerts.quiet_to
    return DeliveryPolicy(
        loudness={kind: Loudness(getattr(alerts, name)) for kind, name in _NAMES.items()},
        quiet=QuietHours(start=start, end=end) if start is not None and end is not None else None,
        zone_name=settings.app.timezone,
        digest_enabled=digest.enabled,
        digest_at=digest.at,
        nearest_misses=alerts.nearest_misses,
    )
