"""How much each experiment of the run reached, and how long that took."""


def view(data):
    metric = data.objective or "accuracy"
    done = [each for each in data.experiments if metric in each.metrics and each.duration_s]
    choose = max if data.goal == "maximize" else min
    best = choose(done, key=lambda each: each.metrics[metric], default=None)
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "x": [each.duration_s for each in done],
                "y": [each.metrics[metric] for each in done],
                "text": [", ".join(f"{name} {value}" for name, value in each.settings.items()) for each in done],
                # By these the page knows whose points they are.
                "customdata": [each.number for each in done],
                "hovertemplate": "experiment %{customdata}: %{y:.4f} in %{x:.1f} s<br>%{text}<extra></extra>",
                # Those whose curves are on the page stand out.
                "marker": {"size": 11, "opacity": [1 if each.is_shown else 0.4 for each in done]},
            }
        ],
        "layout": {
            "height": 360,
            "xaxis": {"title": {"text": "seconds"}, "rangemode": "tozero"},
            "yaxis": {"title": {"text": metric}},
            "title": {"text": f"Best: experiment {best.number}" if best else "No experiment has a result yet"},
        },
    }
