"""Raw CSQA turns for tests: the released keys with invented content."""

from typing import Any

Turn = dict[str, Any]


def user(question: str, description: str, question_type: str, **keys: Any) -> Turn:
    """A question in the released keys."""
    return {
        "speaker": "USER",
        "utterance": question,
        "description": description,
        "question-type": question_type,
        "entities_in_utterance": [],
        "relations": [],
        "type_list": [],
        **keys,
    }


def system(reply: str, active_set: list[str], answers: list[str] | None = None, **keys: Any) -> Turn:
    """A reply in the released keys that shows at most three of its answers."""
    answers = answers or []
    return {
        "speaker": "SYSTEM",
        "utterance": reply,
        "active_set": active_set,
        "all_entities": answers,
        "entities_in_utterance": answers[:3],
        **keys,
    }


def clarification() -> list[Turn]:
    """A question about "that school" that has two candidates; the user means the second."""
    ask = user(
        "Who founded that school ?",
        "Simple Question|Single Entity|Indirect",
        "Clarification",
        entities_in_utterance=["Q21"],
        relations=["P112"],
        type_list=["Q5"],
        sec_ques_type=1,
    )
    ask_back = system("Did you mean Royal School ?", ["(Q20,P112,c(Q5))", "(Q21,P112,c(Q5))"], ["Q20", "Q21"])
    ask_back |= {
        "description": "Clarification for simple ques.",
        "relations": [],
        "entities_in_utterance": ["Q20"],
    }
    answer_back = {
        "speaker": "USER",
        "utterance": "No, I meant High School. Could you tell me the answer for that?",
        "question-type": "Simple Question (Coreferenced)",
        "entities": ["Q21"],
    }
    return [ask, ask_back, answer_back, system("Mary Smith", ["(Q21,P112,c(Q5))"], ["Q33"])]
