"""The picture of an opportunity: title and score, the market with its levels, the reasons.

Portrait: tall enough for every panel in large type, short enough for one look at a phone.
"""

from bot.charts import market, score
from bot.charts.sheet import Sheet
from bot.charts.views import CardPicture

HEIGHT = 1480.0
_TOP = 22.0
_BOTTOM = 8.0
_BEFORE_FOOT = 20.0


def compose(view: CardPicture) -> Sheet:
    """Return the sheet with everything on it, not yet rendered."""
    sheet = Sheet(height=HEIGHT, theme=view.theme, width_px=view.width_px)
    score.card_title(sheet, view, top=_TOP)
    y = _TOP + score.TITLE_HEIGHT
    if view.badges:
        score.badges(sheet, view.badges, top=y)
        y += score.BADGES_HEIGHT
    score.score_bar(sheet, view, top=y + 8)
    y += score.BAR_HEIGHT
    foot = score.CONTRIBUTIONS_HEIGHT if view.contributions else 0.0
    market.draw(sheet, view, top=y, bottom=HEIGHT - _BOTTOM - foot - _BEFORE_FOOT)
    score.contributions(sheet, view, top=HEIGHT - _BOTTOM - foot)
    return sheet
