"""Method and parameters of an aligner in a mapping file."""

from __future__ import annotations

from typing import Any

from alignx.mapping import METHODS, Aligner, method_name

__all__ = ["aligner_facts", "restored_aligner"]


def aligner_facts(aligner: Aligner) -> dict[str, Any]:
    """Return method and parameters; members of an ensemble likewise.

    Raises
    ------
    ValueError
        If the aligner, or a member, is of a class that is none of `METHODS`.

    Examples
    --------
    >>> from alignx.mapping import MapEnsemble, Procrustes
    >>> aligner_facts(MapEnsemble([Procrustes()]))["parameters"]["members"]
    [{'method': 'procrustes', 'parameters': {}}]
    """
    name, parameters = method_name(aligner), aligner.get_params(deep=False)
    if parameters.get("members") is not None:
        parameters["members"] = [aligner_facts(member) for member in parameters["members"]]
    return {"method": name, "parameters": parameters}


def restored_aligner(method: str, parameters: dict[str, Any]) -> Aligner:
    """Make the aligner, not fitted, of which `aligner_facts` were saved."""
    aligner = METHODS[method](**parameters)
    members = aligner.get_params(deep=False).get("members")
    if members is not None:
        aligner.set_params(members=[restored_aligner(**member) for member in members])
    return aligner
