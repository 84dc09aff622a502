import sgqlc.types
import sgqlc.operation
from . import schema

_schema = schema
_schema_root = _schema.schema

__all__ = ("Operations",)


def mutation_update_rubric():
    _op = sgqlc.operation.Operation(_schema_root.mutation_type, name="UpdateRubric")
    _op_update_ar_rubric_value = _op.update_ar_rubric_value(
        input={"data": {"isnRefRubric": 1, "posStatusRub": ""}}
    )
    _op_update_ar_rubric_value.success()
    _op_update_ar_rubric_value.message()
    _op_update_ar_rubric_value_data = _op_update_ar_rubric_value.data()
    _op_update_ar_rubric_value_data.isn_ref_rubric()
    _op_update_ar_rubric_value_data.pos_status_rub()
    return _op


class Mutation:
    update_rubric = mutation_update_rubric()


def query_empty_rubrics():
    _op = sgqlc.operation.Operation(
        _schema_root.query_type,
        name="EmptyRubrics",
        variables=dict(
            first=sgqlc.types.Arg(sgqlc.types.non_null(_schema.Int)),
            after=sgqlc.types.Arg(sgqlc.types.non_null(_schema.String)),
            since=sgqlc.types.Arg(sgqlc.types.non_null(_schema.DateTime)),
            until=sgqlc.types.Arg(sgqlc.types.non_null(_schema.DateTime)),
        ),
    )
    _op_ar_rubric_values_pg = _op.ar_rubric_values_pg(
        first=sgqlc.types.Variable("first"),
        after=sgqlc.types.Variable("after"),
        orderby=({"isnRefRubric": "Asc"},),
        filter={
            "eosSstuStatus": {"isNullOrEmpty": False},
            "posStatusRub": {"equal": {"value": ""}},
            "refRubric": {
                "matches": {
                    "insDate": {
                        "greaterOrEqual": {"value": sgqlc.types.Variable("since")},
                        "lessOrEqual": {"value": sgqlc.types.Variable("until")},
                    },
                    "docRc": {
                        "matches": {
                            "kindDoc": {"in": ({"value": 2},)},
                            "docgroupCl": {
                                "matches": {
                                    "arDocgroups": {
                                        "any": {
                                            "arDescript": {
                                                "matches": {
                                                    "apiName": {
                                                        "equal": {
                                                            "value": "POS_STATUS_RUB"
                                                        }
                                                    }
                                                }
                                            }
                                        }
                                    }
                                }
                            },
                        }
                    },
                }
            },
        },
    )
    _op_ar_rubric_values_pg.total_count()
    _op_ar_rubric_values_pg_edges = _op_ar_rubric_values_pg.edges()
    _op_ar_rubric_values_pg_edges_node = _op_ar_rubric_values_pg_edges.node()
    _op_ar_rubric_values_pg_edges_node.isn_ref_rubric()
    _op_ar_rubric_values_pg_edges_node.eos_sstu_status()
    _op_ar_rubric_values_pg_edges_node.pos_status_rub()
    _op_ar_rubric_values_pg_edges_node_ref_rubric = (
        _op_ar_rubric_values_pg_edges_node.ref_rubric()
    )
    _op_ar_rubric_values_pg_edges_node_ref_rubric_doc_rc = (
        _op_ar_rubric_values_pg_edges_node_ref_rubric.doc_rc()
    )
    _op_ar_rubric_values_pg_edges_node_ref_rubric_doc_rc.isn_doc()
    _op_ar_rubric_values_pg_edges_node_ref_rubric_doc_rc.free_num()
    _op_ar_rubric_values_pg_page_info = _op_ar_rubric_values_pg.page_info()
    _op_ar_rubric_values_pg_page_info.end_cursor()
    _op_ar_rubric_values_pg_page_info.has_next_page()
    return _op


def query_keep_alive():
    _op = sgqlc.operation.Operation(_schema_root.query_type, name="KeepAlive")
    _op_ar_rubric_values_pg = _op.ar_rubric_values_pg(first=1)
    _op_ar_rubric_values_pg.total_count()
    return _op


def query_null_rubrics():
    _op = sgqlc.operation.Operation(
        _schema_root.query_type,
        name="NullRubrics",
        variables=dict(
            first=sgqlc.types.Arg(sgqlc.types.non_null(_schema.Int)),
            after=sgqlc.types.Arg(sgqlc.types.non_null(_schema.String)),
            since=sgqlc.types.Arg(sgqlc.types.non_null(_schema.DateTime)),
            until=sgqlc.types.Arg(sgqlc.types.non_null(_schema.DateTime)),
        ),
    )
    _op_ar_rubric_values_pg = _op.ar_rubric_values_pg(
        first=sgqlc.types.Variable("first"),
        after=sgqlc.types.Variable("after"),
        orderby=({"isnRefRubric": "Asc"},),
        filter={
            "eosSstuStatus": {"isNullOrEmpty": False},
            "posStatusRub": {"isNull": True},
            "refRubric": {
                "matches": {
                    "insDate": {
                        "greaterOrEqual": {"value": sgqlc.types.Variable("since")},
                        "lessOrEqual": {"value": sgqlc.types.Variable("until")},
                    },
                    "docRc": {
                        "matches": {
                            "kindDoc": {"in": ({"value": 2},)},
                            "docgroupCl": {
                                "matches": {
                                    "arDocgroups": {
                                        "any": {
                                            "arDescript": {
                                                "matches": {
                                                    "apiName": {
                                                        "equal": {
                                                            "value": "POS_STATUS_RUB"
                                                        }
                                                    }
                                                }
                                            }
                                        }
                                    }
                                }
                            },
                        }
                    },
                }
            },
        },
    )
    _op_ar_rubric_values_pg.total_count()
    _op_ar_rubric_values_pg_edges = _op_ar_rubric_values_pg.edges()
    _op_ar_rubric_values_pg_edges_node = _op_ar_rubric_values_pg_edges.node()
    _op_ar_rubric_values_pg_edges_node.isn_ref_rubric()
    _op_ar_rubric_values_pg_edges_node.eos_sstu_status()
    _op_ar_rubric_values_pg_edges_node.pos_status_rub()
    _op_ar_rubric_values_pg_edges_node_ref_rubric = (
        _op_ar_rubric_values_pg_edges_node.ref_rubric()
    )
    _op_ar_rubric_values_pg_edges_node_ref_rubric_doc_rc = (
        _op_ar_rubric_values_pg_edges_node_ref_rubric.doc_rc()
    )
    _op_ar_rubric_values_pg_edges_node_ref_rubric_doc_rc.isn_doc()
    _op_ar_rubric_values_pg_edges_node_ref_rubric_doc_rc.free_num()
    _op_ar_rubric_values_pg_page_info = _op_ar_rubric_values_pg.page_info()
    _op_ar_rubric_values_pg_page_info.end_cursor()
    _op_ar_rubric_values_pg_page_info.has_next_page()
    return _op


def query_pending_rubrics():
    _op = sgqlc.operation.Operation(
        _schema_root.query_type,
        name="PendingRubrics",
        variables=dict(
            first=sgqlc.types.Arg(sgqlc.types.non_null(_schema.Int)),
            after=sgqlc.types.Arg(sgqlc.types.non_null(_schema.String)),
            since=sgqlc.types.Arg(sgqlc.types.non_null(_schema.DateTime)),
            until=sgqlc.types.Arg(sgqlc.types.non_null(_schema.DateTime)),
        ),
    )
    _op_ar_rubric_values_pg = _op.ar_rubric_values_pg(
        first=sgqlc.types.Variable("first"),
        after=sgqlc.types.Variable("after"),
        orderby=({"isnRefRubric": "Asc"},),
        filter={
            "eosSstuStatus": {"isNullOrEmpty": False},
            "posStatusRub": {"isNullOrEmpty": True},
            "refRubric": {
                "matches": {
                    "insDate": {
                        "greaterOrEqual": {"value": sgqlc.types.Variable("since")},
                        "lessOrEqual": {"value": sgqlc.types.Variable("until")},
                    },
                    "docRc": {
                        "matches": {
                            "kindDoc": {"in": ({"value": 2},)},
                            "docgroupCl": {
                                "matches": {
                                    "arDocgroups": {
                                        "any": {
                                            "arDescript": {
                                                "matches": {
                                                    "apiName": {
                                                        "equal": {
                                                            "value": "POS_STATUS_RUB"
                                                        }
                                                    }
                                                }
                                            }
                                        }
                                    }
                                }
                            },
                        }
                    },
                }
            },
        },
    )
    _op_ar_rubric_values_pg.total_count()
    _op_ar_rubric_values_pg_edges = _op_ar_rubric_values_pg.edges()
    _op_ar_rubric_values_pg_edges_node = _op_ar_rubric_values_pg_edges.node()
    _op_ar_rubric_values_pg_edges_node.isn_ref_rubric()
    _op_ar_rubric_values_pg_edges_node.eos_sstu_status()
    _op_ar_rubric_values_pg_edges_node.pos_status_rub()
    _op_ar_rubric_values_pg_edges_node_ref_rubric = (
        _op_ar_rubric_values_pg_edges_node.ref_rubric()
    )
    _op_ar_rubric_values_pg_edges_node_ref_rubric_doc_rc = (
        _op_ar_rubric_values_pg_edges_node_ref_rubric.doc_rc()
    )
    _op_ar_rubric_values_pg_edges_node_ref_rubric_doc_rc.isn_doc()
    _op_ar_rubric_values_pg_edges_node_ref_rubric_doc_rc.free_num()
    _op_ar_rubric_values_pg_page_info = _op_ar_rubric_values_pg.page_info()
    _op_ar_rubric_values_pg_page_info.end_cursor()
    _op_ar_rubric_values_pg_page_info.has_next_page()
    return _op


def query_window_rubrics():
    _op = sgqlc.operation.Operation(
        _schema_root.query_type,
        name="WindowRubrics",
        variables=dict(
            first=sgqlc.types.Arg(sgqlc.types.non_null(_schema.Int)),
            after=sgqlc.types.Arg(sgqlc.types.non_null(_schema.String)),
            since=sgqlc.types.Arg(sgqlc.types.non_null(_schema.DateTime)),
            until=sgqlc.types.Arg(sgqlc.types.non_null(_schema.DateTime)),
        ),
    )
    _op_ar_rubric_values_pg = _op.ar_rubric_values_pg(
        first=sgqlc.types.Variable("first"),
        after=sgqlc.types.Variable("after"),
        orderby=({"isnRefRubric": "Asc"},),
        filter={
            "eosSstuStatus": {"isNullOrEmpty": False},
            "refRubric": {
                "matches": {
                    "insDate": {
                        "greaterOrEqual": {"value": sgqlc.types.Variable("since")},
                        "lessOrEqual": {"value": sgqlc.types.Variable("until")},
                    },
                    "docRc": {
                        "matches": {
                            "kindDoc": {"in": ({"value": 2},)},
                            "docgroupCl": {
                                "matches": {
                                    "arDocgroups": {
                                        "any": {
                                            "arDescript": {
                                                "matches": {
                                                    "apiName": {
                                                        "equal": {
                                                            "value": "POS_STATUS_RUB"
                                                        }
                                                    }
                                                }
                                            }
                                        }
                                    }
                                }
                            },
                        }
                    },
                }
            },
        },
    )
    _op_ar_rubric_values_pg.total_count()
    _op_ar_rubric_values_pg_edges = _op_ar_rubric_values_pg.edges()
    _op_ar_rubric_values_pg_edges_node = _op_ar_rubric_values_pg_edges.node()
    _op_ar_rubric_values_pg_edges_node.isn_ref_rubric()
    _op_ar_rubric_values_pg_edges_node.eos_sstu_status()
    _op_ar_rubric_values_pg_edges_node.pos_status_rub()
    _op_ar_rubric_values_pg_edges_node_ref_rubric = (
        _op_ar_rubric_values_pg_edges_node.ref_rubric()
    )
    _op_ar_rubric_values_pg_edges_node_ref_rubric_doc_rc = (
        _op_ar_rubric_values_pg_edges_node_ref_rubric.doc_rc()
    )
    _op_ar_rubric_values_pg_edges_node_ref_rubric_doc_rc.isn_doc()
    _op_ar_rubric_values_pg_edges_node_ref_rubric_doc_rc.free_num()
    _op_ar_rubric_values_pg_page_info = _op_ar_rubric_values_pg.page_info()
    _op_ar_rubric_values_pg_page_info.end_cursor()
    _op_ar_rubric_values_pg_page_info.has_next_page()
    return _op


class Query:
    empty_rubrics = query_empty_rubrics()
    keep_alive = query_keep_alive()
    null_rubrics = query_null_rubrics()
    pending_rubrics = query_pending_rubrics()
    window_rubrics = query_window_rubrics()


class Operations:
    mutation = Mutation
    query = Query
