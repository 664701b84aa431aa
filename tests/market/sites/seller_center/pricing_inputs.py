"""A browser's input for the form of prices."""

from __future__ import annotations

from tradepost.market.sites.seller_center.pricing_editor import PricingState


def inputs(state: PricingState) -> dict[str, str]:
    """Return a browser's input for the form."""
    post: dict[str, str] = {}
    for i, spec in enumerate(state.specs):
        at = f"specs.{i}"
        post |= {
            f"{at}.key": spec.key, f"{at}.name.zh": spec.name.zh, f"{at}.name.en": spec.name.en,
            f"{at}.counted": "1" if spec.counted else "", f"{at}.quantity.name.zh": spec.quantity.zh,
            f"{at}.quantity.name.en": spec.quantity.en, f"{at}.quantity.parameter": spec.parameter,
        }  # fmt: skip
        for a, attribute in enumerate(spec.attributes):
            here = f"{at}.attributes.{a}"
            post |= {f"{here}.code": attribute.code, f"{here}.name.zh": attribute.name.zh}
            post[f"{here}.name.en"] = attribute.name.en
            for v, value in enumerate(attribute.values):
                post |= {f"{here}.values.{v}.code": value.code, f"{here}.values.{v}.name.zh": value.name.zh}
                post[f"{here}.values.{v}.name.en"] = value.name.en
        for p, plan in enumerate(spec.plans):
            here = f"{at}.plans.{p}"
            post |= {f"{here}.{name}": getattr(plan, name) for name in ("way", "durations", "model", "edges", "quota")}
            post |= {f"{here}.period": plan.period, f"{here}.reset": plan.reset}
            post |= {f"{here}.unit.zh": plan.unit.zh, f"{here}.unit.en": plan.unit.en}
            for f, factor in enumerate(plan.factors):
                names = ("code", "cycle", "accumulation", "model", "edges")
                post |= {f"{here}.factors.{f}.{name}": getattr(factor, name) for name in names}
                post |= {f"{here}.factors.{f}.unit.zh": factor.unit.zh, f"{here}.factors.{f}.unit.en": factor.unit.en}
        for r, row in enumerate(spec.rows):
            here = f"{at}.rows.{r}"
            post[f"{here}.values"] = "|".join(f"{code}:{value}" for code, value in row.values.items())
            post |= {f"{here}.least": row.least, f"{here}.most": row.most, f"{here}.step": row.step}
            if row.ticked:
                post[f"{here}.on"] = "1"
            for p, cell in enumerate(row.cells):
                for n, amount in enumerate(cell):
                    if spec.plans[p].way != "trial" or amount:  # a box that is not ticked is not submitted
                        post[f"{here}.cells.{p}.{n}"] = amount
    return post
